package whither.lab;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Group members of both protocols, and readers that assign themselves. Nothing commits unless told to. */
final class Consumers implements Driver.Family {
    private static final Duration POLL = Duration.ofMillis(200);

    private final String bootstrap;
    private final Map<String, KafkaConsumer<byte[], byte[]>> open = new ConcurrentHashMap<>();
    private final Map<String, Loop> loops = new ConcurrentHashMap<>();

    Consumers(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    @Override
    public void register(Map<String, Driver.Command> commands) {
        commands.put("consumer.open", this::open);
        commands.put("consumer.read", this::read);
        commands.put("consumer.commit", this::commit);
        commands.put("consumer.seek", this::seek);
        commands.put("consumer.subscribe", this::subscribe);
        commands.put("consumer.position", request -> Map.of(
                "offset", consumer(request).position(request.partition())));
        commands.put("consumer.run", this::run);
        commands.put("loop.stop", this::stop);
        commands.put("consumer.close", request -> {
            open.remove(request.text("client")).close();
            return null;
        });
        commands.put("consumer.storm", this::storm);
    }

    private KafkaConsumer<byte[], byte[]> create(Properties config) {
        config.putIfAbsent("enable.auto.commit", "false");
        config.putIfAbsent("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private Object open(Request request) {
        KafkaConsumer<byte[], byte[]> consumer = create(request.clientConfig(bootstrap));
        if (request.has("assign")) {
            consumer.assign(List.of(new TopicPartition(request.text("assign"), request.integer("partition"))));
        } else if (request.has("pattern")) {
            consumer.subscribe(Pattern.compile(request.text("pattern")));
        } else {
            consumer.subscribe(request.texts("topics"));
        }
        open.put(request.text("client"), consumer);
        return null;
    }

    /** Polls until {@code count} records came or {@code seconds} passed, and answers how many there were. */
    private Object read(Request request) {
        KafkaConsumer<byte[], byte[]> consumer = consumer(request);
        long deadline = System.currentTimeMillis() + 1000 * request.number("seconds", 30);
        long wanted = request.number("count");
        List<String> seen = new ArrayList<>();
        long records = 0;
        while (records < wanted && System.currentTimeMillis() < deadline) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                records++;
                if (seen.size() < 1000) {
                    seen.add(record.topic() + "/" + record.partition() + "@" + record.offset());
                }
            }
        }
        return Map.of("records", records, "seen", seen);
    }

    /** The current positions, or one {@code offset} of one partition. */
    private Object commit(Request request) {
        if (request.has("offset")) {
            OffsetAndMetadata offset = new OffsetAndMetadata(request.number("offset"), request.text("metadata", ""));
            consumer(request).commitSync(Map.of(request.partition(), offset));
        } else {
            consumer(request).commitSync();
        }
        return null;
    }

    private Object seek(Request request) {
        if (request.has("offset")) {
            consumer(request).seek(request.partition(), request.number("offset"));
        } else {
            consumer(request).seekToEnd(List.of(request.partition()));
        }
        return null;
    }

    private Object subscribe(Request request) {
        consumer(request).subscribe(request.texts("topics"));
        return null;
    }

    /** Hands the consumer to a loop of its own until loop.stop: an application at work. */
    private Object run(Request request) {
        String client = request.text("client");
        Loop loop = new Loop(open.remove(client), request.text("commit", "sync"), request.number("pause_ms", 0));
        loops.put(client, loop);
        loop.start();
        return null;
    }

    private Object stop(Request request) throws InterruptedException {
        Loop loop = loops.remove(request.text("client"));
        loop.stopping = true;
        loop.join();
        if (loop.failure != null) {
            throw new IllegalStateException(loop.failure);
        }
        return Map.of("records", loop.records);
    }

    private static final class Loop extends Thread {
        private final KafkaConsumer<byte[], byte[]> consumer;
        private final String commit;
        private final long pauseMs;
        private volatile boolean stopping;
        private volatile long records;
        private volatile Exception failure;

        Loop(KafkaConsumer<byte[], byte[]> consumer, String commit, long pauseMs) {
            this.consumer = consumer;
            this.commit = commit;
            this.pauseMs = pauseMs;
            setDaemon(true);
        }

        @Override
        public void run() {
            try (consumer) {
                while (!stopping) {
                    ConsumerRecords<byte[], byte[]> polled = consumer.poll(POLL);
                    records += polled.count();
                    Thread.sleep(polled.isEmpty() ? 0 : pauseMs);
                    if (commit.equals("sync") && !polled.isEmpty()) {
                        consumer.commitSync();
                    }
                }
            } catch (Exception ended) {
                failure = ended;
            }
        }
    }

    /** Members that join, read, commit and leave for {@code seconds}. */
    private Object storm(Request request) throws InterruptedException {
        long end = System.currentTimeMillis() + 1000 * request.number("seconds");
        List<Thread> members = new ArrayList<>();
        for (int i = 0; i < request.integer("members"); i++) {
            Random random = new Random(i);
            Thread member = new Thread(() -> comeAndGo(request, random, end));
            member.start();
            members.add(member);
        }
        for (Thread member : members) {
            member.join();
        }
        return null;
    }

    private void comeAndGo(Request request, Random random, long end) {
        while (System.currentTimeMillis() < end) {
            try (KafkaConsumer<byte[], byte[]> consumer = create(request.clientConfig(bootstrap))) {
                consumer.subscribe(request.texts("topics"));
                long leave = Math.min(end, System.currentTimeMillis() + 500 + random.nextInt(1000));
                while (System.currentTimeMillis() < leave) {
                    if (!consumer.poll(POLL).isEmpty()) {
                        consumer.commitSync();
                    }
                }
            } catch (org.apache.kafka.common.errors.RetriableException
                    | org.apache.kafka.clients.consumer.CommitFailedException rebalanced) {
                // What a storm does to its members; the next one tries again.
            }
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer(Request request) {
        KafkaConsumer<byte[], byte[]> consumer = open.get(request.text("client"));
        if (consumer == null) {
            throw new IllegalStateException("no consumer " + request.text("client"));
        }
        return consumer;
    }
}
