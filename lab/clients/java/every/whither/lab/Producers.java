package whither.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Plain, idempotent and transactional producers; the configuration says which. */
final class Producers implements Driver.Family {
    private final String bootstrap;
    private final Map<String, KafkaProducer<byte[], byte[]>> open = new ConcurrentHashMap<>();

    Producers(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    @Override
    public void register(Map<String, Driver.Command> commands) {
        commands.put("producer.open", this::open);
        commands.put("producer.send", this::send);
        commands.put("producer.begin", request -> {
            producer(request).beginTransaction();
            return null;
        });
        commands.put("producer.commit", request -> {
            producer(request).commitTransaction();
            return null;
        });
        commands.put("producer.abort", request -> {
            producer(request).abortTransaction();
            return null;
        });
        commands.put("producer.send_offsets", this::sendOffsets);
        commands.put("producer.close", request -> {
            open.remove(request.text("client")).close();
            return null;
        });
        // Closing without patience skips the abort: an open transaction stays open, as after a crash.
        commands.put("producer.vanish", request -> {
            open.remove(request.text("client")).close(Duration.ZERO);
            return null;
        });
    }

    private Object open(Request request) {
        Properties config = request.clientConfig(bootstrap);
        config.putIfAbsent("linger.ms", "100");
        var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        if (config.containsKey("transactional.id")) {
            producer.initTransactions();
        }
        open.put(request.text("client"), producer);
        return null;
    }

    /** Sends {@code count} records to one partition and waits for all; answers their offsets as from, to. */
    private Object send(Request request) throws Exception {
        KafkaProducer<byte[], byte[]> producer = producer(request);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        long count = request.number("count", 1);
        for (long i = 0; i < count; i++) {
            Future<RecordMetadata> future = producer.send(record(request, i));
            // One at a time makes one batch each, where a recipe wants the boundaries.
            if (request.flag("singly")) {
                future.get();
            }
            sent.add(future);
        }
        producer.flush();
        long from = Long.MAX_VALUE;
        long to = 0;
        for (Future<RecordMetadata> future : sent) {
            long offset = future.get().offset();
            from = Math.min(from, offset);
            to = Math.max(to, offset + 1);
        }
        return Map.of("from", from, "to", to);
    }

    private static ProducerRecord<byte[], byte[]> record(Request request, long index) {
        byte[] key = bytes(request.text("key", "key-" + index));
        byte[] value = request.has("size")
                ? new byte[request.integer("size")]
                : bytes(request.text("value", "value-" + index));
        Long timestamp = request.has("timestamp") ? request.number("timestamp") : null;
        Integer partition = request.has("partition") ? request.integer("partition") : null;
        var record = new ProducerRecord<>(
                request.text("topic"), partition, timestamp, key, request.flag("tombstone") ? null : value);
        for (JsonNode header : request.items("headers")) {
            record.headers().add(
                    header.get("key").asText(), Base64.getDecoder().decode(header.get("base64").asText()));
        }
        return record;
    }

    private Object sendOffsets(Request request) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        offsets.put(request.partition(), new OffsetAndMetadata(request.number("offset")));
        producer(request).sendOffsetsToTransaction(offsets, new ConsumerGroupMetadata(request.text("group")));
        return null;
    }

    private KafkaProducer<byte[], byte[]> producer(Request request) {
        KafkaProducer<byte[], byte[]> producer = open.get(request.text("client"));
        if (producer == null) {
            throw new IllegalStateException("no producer " + request.text("client"));
        }
        return producer;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
