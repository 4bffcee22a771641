package whither.lab;

import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;

/**
 * Kafka Streams applications: {@code map} (stateless), {@code picky} (fails on "poison") or {@code count}
 * (repartition topic and store).
 */
final class StreamsApps implements Driver.Family {
    private final String bootstrap;
    private final Map<String, KafkaStreams> open = new ConcurrentHashMap<>();

    StreamsApps(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    @Override
    public void register(Map<String, Driver.Command> commands) {
        commands.put("streams.open", this::open);
        commands.put("streams.close", request -> {
            open.remove(request.text("client")).close(Duration.ofSeconds(20));
            return null;
        });
    }

    private Object open(Request request) throws Exception {
        Properties config = request.clientConfig(bootstrap);
        config.put("application.id", request.text("application"));
        config.putIfAbsent("auto.offset.reset", "earliest");
        config.putIfAbsent("commit.interval.ms", "200");
        config.putIfAbsent("num.stream.threads", "1");
        config.putIfAbsent("replication.factor", "-1");
        config.putIfAbsent("state.dir", Files.createTempDirectory("whither-lab-streams").toString());
        config.put("default.key.serde", Serdes.StringSerde.class.getName());
        config.put("default.value.serde", Serdes.StringSerde.class.getName());
        KafkaStreams app = new KafkaStreams(topology(request).build(), config);
        app.start();
        long deadline = System.currentTimeMillis() + 60_000;
        while (app.state() != KafkaStreams.State.RUNNING) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("the Streams application is " + app.state());
            }
            Thread.sleep(50);
        }
        open.put(request.text("client"), app);
        return null;
    }

    private static StreamsBuilder topology(Request request) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream(request.text("in"));
        String kind = request.text("kind");
        if (kind.equals("count")) {
            in.groupBy((key, value) -> key + "-again", Grouped.as("regrouped"))
                    .count()
                    .toStream()
                    .mapValues(String::valueOf)
                    .to(request.text("out"));
        } else if (kind.equals("picky")) {
            in.mapValues(StreamsApps::refusePoison).to(request.text("out"));
        } else {
            in.mapValues(value -> value.toUpperCase(java.util.Locale.ROOT)).to(request.text("out"));
        }
        return builder;
    }

    private static String refusePoison(String value) {
        if (value.equals("poison")) {
            throw new IllegalArgumentException("poison");
        }
        return value;
    }
}
