package whither.lab;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.TopicPartition;

/** One line of the protocol. */
final class Request {
    private final JsonNode json;

    Request(JsonNode json) {
        this.json = json;
    }

    boolean has(String field) {
        return json.hasNonNull(field);
    }

    String text(String field) {
        if (!has(field)) {
            throw new IllegalArgumentException("missing \"" + field + "\" in " + json);
        }
        return json.get(field).asText();
    }

    String text(String field, String otherwise) {
        return has(field) ? text(field) : otherwise;
    }

    long number(String field) {
        if (!has(field)) {
            throw new IllegalArgumentException("missing \"" + field + "\" in " + json);
        }
        return json.get(field).asLong();
    }

    long number(String field, long otherwise) {
        return has(field) ? number(field) : otherwise;
    }

    int integer(String field) {
        return Math.toIntExact(number(field));
    }

    boolean flag(String field) {
        return json.path(field).asBoolean(false);
    }

    List<String> texts(String field) {
        List<String> texts = new ArrayList<>();
        json.path(field).forEach(item -> texts.add(item.asText()));
        return texts;
    }

    /** An object of strings and numbers, in its order. */
    Map<String, String> strings(String field) {
        Map<String, String> strings = new java.util.LinkedHashMap<>();
        for (Iterator<Map.Entry<String, JsonNode>> it = json.path(field).fields(); it.hasNext(); ) {
            Map.Entry<String, JsonNode> entry = it.next();
            strings.put(entry.getKey(), entry.getValue().asText());
        }
        return strings;
    }

    /** {@code config} over {@code bootstrap.servers}. */
    Properties clientConfig(String bootstrap) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.putAll(strings("config"));
        return config;
    }

    TopicPartition partition() {
        return new TopicPartition(text("topic"), integer("partition"));
    }

    JsonNode items(String field) {
        return json.path(field);
    }
}
