package whither.lab;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Members of share groups (KIP-932). */
final class ShareGroups implements Driver.Family {
    private final String bootstrap;
    private final Map<String, KafkaShareConsumer<byte[], byte[]>> open = new ConcurrentHashMap<>();

    ShareGroups(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    @Override
    public void register(Map<String, Driver.Command> commands) {
        commands.put("share.config", this::configure);
        commands.put("share.open", this::open);
        commands.put("share.read", this::read);
        commands.put("share.close", request -> {
            open.remove(request.text("client")).close();
            return null;
        });
    }

    private Object configure(Request request) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", (Object) bootstrap))) {
            var group = new ConfigResource(ConfigResource.Type.GROUP, request.text("group"));
            List<AlterConfigOp> changes = request.strings("config").entrySet().stream()
                    .map(entry -> new AlterConfigOp(
                            new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET))
                    .toList();
            admin.incrementalAlterConfigs(Map.of(group, changes)).all().get();
        }
        return null;
    }

    private Object open(Request request) {
        Properties config = request.clientConfig(bootstrap);
        config.putIfAbsent("share.acknowledgement.mode", "explicit");
        var consumer = new KafkaShareConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(request.texts("topics"));
        open.put(request.text("client"), consumer);
        return null;
    }

    /** Takes {@code count} records and answers each with {@code acknowledge}: ACCEPT, RELEASE or REJECT. */
    private Object read(Request request) {
        KafkaShareConsumer<byte[], byte[]> consumer = open.get(request.text("client"));
        AcknowledgeType answer = AcknowledgeType.valueOf(request.text("acknowledge", "ACCEPT"));
        long deadline = System.currentTimeMillis() + 1000 * request.number("seconds", 30);
        long records = 0;
        while (records < request.number("count") && System.currentTimeMillis() < deadline) {
            for (var record : consumer.poll(Duration.ofMillis(300))) {
                consumer.acknowledge(record, answer);
                records++;
            }
            consumer.commitSync();
        }
        return Map.of("records", records);
    }
}
