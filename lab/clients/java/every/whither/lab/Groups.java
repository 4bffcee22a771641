package whither.lab;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** What an administrator does to groups and transactions. */
final class Groups implements Driver.Family {
    private final Admin admin;

    Groups(String bootstrap) {
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    @Override
    public void register(Map<String, Driver.Command> commands) {
        // The call behind kafka-consumer-groups --reset-offsets; the group must be empty.
        commands.put("group.set_offset", request -> {
            var offset = new OffsetAndMetadata(request.number("offset"));
            admin.alterConsumerGroupOffsets(request.text("group"), Map.of(request.partition(), offset)).all().get();
            return null;
        });
        commands.put("group.delete_offset", request -> {
            admin.deleteConsumerGroupOffsets(request.text("group"), Set.of(request.partition())).all().get();
            return null;
        });
        commands.put("group.delete", request -> {
            admin.deleteConsumerGroups(List.of(request.text("group"))).all().get();
            return null;
        });
        commands.put("group.committed", this::committed);
        commands.put("group.state", request -> {
            String group = request.text("group");
            ConsumerGroupDescription described =
                    admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
            return Map.of("state", described.state().toString(), "members", described.members().size());
        });
        commands.put("transaction.force_abort", this::forceAbort);
    }

    private Object committed(Request request) throws Exception {
        String group = request.text("group");
        Map<TopicPartition, OffsetAndMetadata> all =
                admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
        Map<String, Object> answer = new HashMap<>();
        OffsetAndMetadata offset = all.get(request.partition());
        answer.put("offset", offset == null ? null : offset.offset());
        return answer;
    }

    /** Ends the transaction that stands open on a partition, as kafka-transactions abort does. */
    private Object forceAbort(Request request) throws Exception {
        TopicPartition partition = request.partition();
        var producers = admin.describeProducers(List.of(partition)).partitionResult(partition).get();
        for (var producer : producers.activeProducers()) {
            if (producer.currentTransactionStartOffset().isPresent()) {
                admin.abortTransaction(new AbortTransactionSpec(
                                partition,
                                producer.producerId(),
                                (short) producer.producerEpoch(),
                                producer.coordinatorEpoch().orElse(0)))
                        .all()
                        .get();
            }
        }
        return null;
    }
}
