package whither.lab;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;

/**
 * Copies the offsets of one group to another every second through the Admin API, without ever joining: what
 * MirrorMaker 2 does with {@code sync.group.offsets.enabled} to a standby group.
 */
final class OffsetSyncers implements Driver.Family {
    private final Admin admin;
    private final Map<String, ScheduledExecutorService> running = new ConcurrentHashMap<>();

    OffsetSyncers(String bootstrap) {
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    @Override
    public void register(Map<String, Driver.Command> commands) {
        commands.put("syncer.open", request -> {
            var timer = Executors.newSingleThreadScheduledExecutor();
            timer.scheduleAtFixedRate(() -> sync(request), 0, 1, TimeUnit.SECONDS);
            running.put(request.text("client"), timer);
            return null;
        });
        commands.put("syncer.close", request -> {
            running.remove(request.text("client")).shutdownNow();
            return null;
        });
    }

    private void sync(Request request) {
        try {
            var offsets = admin.listConsumerGroupOffsets(request.text("from"))
                    .partitionsToOffsetAndMetadata()
                    .get();
            if (!offsets.isEmpty()) {
                admin.alterConsumerGroupOffsets(request.text("to"), offsets).all().get();
            }
        } catch (Exception unavailable) {
            // An exception would end the schedule; the next second tries again.
            System.err.println("offset sync: " + unavailable);
        }
    }
}
