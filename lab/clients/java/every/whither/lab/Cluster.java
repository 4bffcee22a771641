package whither.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** What an administrator does to topics and brokers. */
final class Cluster implements Driver.Family {
    private final Admin admin;

    Cluster(String bootstrap) {
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    @Override
    public void register(Map<String, Driver.Command> commands) {
        commands.put("topic.create", this::create);
        commands.put("topic.delete", request -> {
            admin.deleteTopics(List.of(request.text("topic"))).all().get();
            return null;
        });
        commands.put("topic.id", request -> Map.of("id", describe(request).topicId().toString()));
        commands.put("topic.grow", request -> {
            var partitions = NewPartitions.increaseTo(request.integer("partitions"));
            admin.createPartitions(Map.of(request.text("topic"), partitions)).all().get();
            return null;
        });
        commands.put("topic.config", request -> alter(ConfigResource.Type.TOPIC, request.text("topic"), request));
        commands.put("broker.config", request -> alter(ConfigResource.Type.BROKER, request.text("broker", ""), request));
        commands.put("partition.state", this::state);
        commands.put("partition.delete_records", this::deleteRecords);
        commands.put("partition.ends", this::ends);
        commands.put("partition.elect", this::elect);
        commands.put("acl.allow", this::allow);
    }

    private Object create(Request request) throws Exception {
        NewTopic topic;
        if (request.has("replicas")) {
            List<Integer> replicas = new ArrayList<>();
            request.items("replicas").forEach(id -> replicas.add(id.asInt()));
            topic = new NewTopic(request.text("topic"), Map.of(0, replicas));
        } else {
            topic = new NewTopic(
                    request.text("topic"), Optional.of((int) request.number("partitions", 1)), Optional.empty());
        }
        topic.configs(request.strings("config"));
        // A topic that is being deleted keeps its name for a moment.
        for (int attempt = 0; ; attempt++) {
            try {
                admin.createTopics(List.of(topic)).all().get();
                return null;
            } catch (ExecutionException failure) {
                if (attempt == 100 || !(failure.getCause() instanceof TopicExistsException)) {
                    throw failure;
                }
                Thread.sleep(100);
            }
        }
    }

    private org.apache.kafka.clients.admin.TopicDescription describe(Request request) throws Exception {
        String topic = request.text("topic");
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    }

    private Object state(Request request) throws Exception {
        TopicPartitionInfo partition = describe(request).partitions().get(request.integer("partition"));
        return Map.of(
                "leader", partition.leader() == null ? -1 : partition.leader().id(),
                "isr", partition.isr().stream().map(node -> node.id()).toList());
    }

    private Object alter(ConfigResource.Type type, String name, Request request) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        request.strings("config").forEach((key, value) -> changes.add(
                new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)));
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(type, name), changes)).all().get();
        return null;
    }

    private Object deleteRecords(Request request) throws Exception {
        TopicPartition partition = request.partition();
        var before = RecordsToDelete.beforeOffset(request.number("before"));
        long start = admin.deleteRecords(Map.of(partition, before)).lowWatermarks().get(partition).get().lowWatermark();
        return Map.of("log_start", start);
    }

    /** Log start, last stable offset and high watermark. */
    private Object ends(Request request) throws Exception {
        return Map.of(
                "log_start", offset(request.partition(), OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED),
                "last_stable", offset(request.partition(), OffsetSpec.latest(), IsolationLevel.READ_COMMITTED),
                "end", offset(request.partition(), OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED));
    }

    private long offset(TopicPartition partition, OffsetSpec spec, IsolationLevel isolation) throws Exception {
        var options = new ListOffsetsOptions(isolation);
        return admin.listOffsets(Map.of(partition, spec), options).partitionResult(partition).get().offset();
    }

    private Object elect(Request request) throws Exception {
        admin.electLeaders(ElectionType.PREFERRED, Set.of(request.partition())).all().get();
        return null;
    }

    private Object allow(Request request) throws Exception {
        var type = ResourceType.fromString(request.text("type"));
        var pattern = PatternType.fromString(request.text("pattern", "LITERAL"));
        List<AclBinding> bindings = new ArrayList<>();
        for (String operation : request.texts("operations")) {
            bindings.add(new AclBinding(
                    new ResourcePattern(type, request.text("name"), pattern),
                    new AccessControlEntry(
                            "User:" + request.text("user"),
                            "*",
                            AclOperation.fromString(operation),
                            AclPermissionType.ALLOW)));
        }
        admin.createAcls(bindings).all().get();
        return null;
    }
}
