package whither.lab;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * Appends transactional records of a producer id that no transaction coordinator knows: what a late Produce
 * request left behind before KIP-890, and what nothing but an operator ends.
 *
 * The broker accepts it only with {@code transaction.partition.verification.enable=false}. No client sends
 * this, so the two requests are written to a socket.
 */
final class ForgottenTransactions implements Driver.Family {
    /** Below 12: from there on Produce itself adds the partition to the transaction. */
    private static final short PRODUCE = 11;
    private static final short INIT_PRODUCER_ID = 4;

    private final String bootstrap;

    ForgottenTransactions(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    @Override
    public void register(Map<String, Driver.Command> commands) {
        commands.put("transaction.forgotten", this::append);
    }

    private Object append(Request request) throws Exception {
        String[] address = bootstrap.split(",")[0].split(":");
        try (Socket socket = new Socket(address[0], Integer.parseInt(address[1]))) {
            var init = new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(60_000);
            var producer = new InitProducerIdResponseData(
                    call(socket, ApiKeys.INIT_PRODUCER_ID, INIT_PRODUCER_ID, init), INIT_PRODUCER_ID);
            var produced = new ProduceResponseData(
                    call(socket, ApiKeys.PRODUCE, PRODUCE, produce(request, producer)), PRODUCE);
            var partition = produced.responses().iterator().next().partitionResponses().get(0);
            if (partition.errorCode() != 0) {
                throw new IllegalStateException("the broker refused: error " + partition.errorCode());
            }
            return Map.of(
                    "from", partition.baseOffset(),
                    "to", partition.baseOffset() + request.number("count"),
                    "producer_id", producer.producerId());
        }
    }

    private static ProduceRequestData produce(Request request, InitProducerIdResponseData producer) {
        SimpleRecord[] records = new SimpleRecord[request.integer("count")];
        for (int i = 0; i < records.length; i++) {
            records[i] = new SimpleRecord(("forgotten-" + i).getBytes(StandardCharsets.UTF_8));
        }
        MemoryRecords batch = MemoryRecords.withTransactionalRecords(
                Compression.NONE, producer.producerId(), producer.producerEpoch(), 0, records);
        var partition = new ProduceRequestData.PartitionProduceData()
                .setIndex(request.integer("partition"))
                .setRecords(batch);
        var topic = new ProduceRequestData.TopicProduceData().setName(request.text("topic"));
        topic.partitionData().add(partition);
        var data = new ProduceRequestData()
                .setTransactionalId("forgotten-" + producer.producerId())
                .setAcks((short) -1)
                .setTimeoutMs(10_000);
        data.topicData().add(topic);
        return data;
    }

    private static ByteBufferAccessor call(Socket socket, ApiKeys api, short version, Message body) throws Exception {
        var header = new RequestHeaderData()
                .setRequestApiKey(api.id)
                .setRequestApiVersion(version)
                .setCorrelationId(1)
                .setClientId("forgetful");
        ByteBuffer head = MessageUtil.toByteBufferAccessor(header, api.requestHeaderVersion(version)).buffer();
        ByteBuffer rest = MessageUtil.toByteBufferAccessor(body, version).buffer();
        var out = new DataOutputStream(socket.getOutputStream());
        out.writeInt(head.remaining() + rest.remaining());
        out.write(head.array(), head.arrayOffset() + head.position(), head.remaining());
        out.write(rest.array(), rest.arrayOffset() + rest.position(), rest.remaining());
        out.flush();
        var in = new DataInputStream(socket.getInputStream());
        ByteBuffer answer = ByteBuffer.wrap(in.readNBytes(in.readInt()));
        // Correlation id, then the (empty) tagged fields of a flexible header.
        answer.position(Integer.BYTES + (api.responseHeaderVersion(version) > 0 ? 1 : 0));
        return new ByteBufferAccessor(answer);
    }
}
