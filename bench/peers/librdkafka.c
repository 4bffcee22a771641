/* The peer: librdkafka's own C API, as fast as it goes.
 *
 *   librdkafka produce BOOTSTRAP TOPIC RECORDS CODEC BATCH_RECORDS [RECORDS_PER_SECOND]
 *   librdkafka consume BOOTSTRAP TOPIC PARTITIONS RECORDS
 *   librdkafka version
 *
 * `produce` writes records of a 14-byte key, an 87-byte value and a `traceparent` header. `consume` reads that many
 * from the beginning in batches, CRCs checked, looks at each key and finds each traceparent, and prints what it saw. */
#include <librdkafka/rdkafka.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_BYTES = 14, VALUE_BYTES = 87, TRACEPARENT_BYTES = 55, TAKEN_AT_ONCE = 1000 };

static void fail(const char *what, const char *why) {
    fprintf(stderr, "librdkafka: %s: %s\n", what, why);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK) fail(name, why);
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
    char why[512];
    rd_kafka_t *kafka = rd_kafka_new(type, conf, why, sizeof why);
    if (!kafka) fail("client", why);
    return kafka;
}

/* splitmix64: the same records in every run. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int failed_deliveries = 0;

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque) {
    (void)kafka;
    (void)opaque;
    if (message->err) failed_deliveries++;
}

static void write_record(rd_kafka_t *kafka, const char *topic, long i, uint64_t *random) {
    char key[32], value[128], traceparent[64];
    uint64_t a = next_random(random), b = next_random(random), c = next_random(random);
    snprintf(key, sizeof key, "order-%08ld", (long)(a % 1000000));
    snprintf(value, sizeof value,
             "{\"id\":%08ld,\"amount\":%06" PRIu64 ",\"currency\":\"EUR\",\"customer\":\"c-%06" PRIu64
             "\",\"state\":\"placed\"}",
             i, b % 1000000, (b >> 20) % 1000000);
    snprintf(traceparent, sizeof traceparent, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01", a, b, c);
    for (;;) {
        rd_kafka_resp_err_t error = rd_kafka_producev(
            kafka, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(key, KEY_BYTES), RD_KAFKA_V_VALUE(value, VALUE_BYTES),
            RD_KAFKA_V_HEADER("traceparent", traceparent, TRACEPARENT_BYTES), RD_KAFKA_V_END);
        if (!error) return;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce", rd_kafka_err2str(error));
        rd_kafka_poll(kafka, 10);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* Serves delivery reports until it is time for record `i`. */
static void pace(rd_kafka_t *kafka, long i, double begun, long per_second) {
    for (;;) {
        double left = begun + (double)i / per_second - now();
        if (left <= 0) return;
        rd_kafka_poll(kafka, left > 0.1 ? 100 : (int)(left * 1000) + 1);
    }
}

static int produce(const char *bootstrap, const char *topic, long records, const char *codec, const char *batch,
                   long per_second) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "compression.type", codec);
    set(conf, "batch.num.messages", batch);
    set(conf, "linger.ms", "200");
    set(conf, "queue.buffering.max.messages", "500000");
    set(conf, "enable.idempotence", "true");
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *kafka = client(RD_KAFKA_PRODUCER, conf);
    uint64_t random = 42;
    double begun = now();
    for (long i = 0; i < records; i++) {
        if (per_second && i % 1000 == 0) pace(kafka, i, begun, per_second);
        write_record(kafka, topic, i, &random);
        if (i % 10000 == 0) rd_kafka_poll(kafka, 0);
    }
    rd_kafka_flush(kafka, 120000);
    if (failed_deliveries || rd_kafka_outq_len(kafka)) fail("produce", "not everything was delivered");
    rd_kafka_destroy(kafka);
    return 0;
}

struct seen {
    long records, traced;
    uint64_t bytes, keys;
};

static void look_at(const rd_kafka_message_t *message, struct seen *seen) {
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (message->err) {
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
        fail("consume", rd_kafka_message_errstr(message));
    }
    seen->records++;
    seen->bytes += message->key_len + message->len;
    if (message->key_len) seen->keys += ((const unsigned char *)message->key)[message->key_len - 1];
    if (!rd_kafka_message_headers(message, &headers) &&
        !rd_kafka_header_get_last(headers, "traceparent", &value, &size))
        seen->traced += size == TRACEPARENT_BYTES;
}

static int consume(const char *bootstrap, const char *topic, int partitions, long records) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "group.id", "bench");
    set(conf, "enable.auto.commit", "false");
    set(conf, "check.crcs", "true");
    rd_kafka_t *kafka = client(RD_KAFKA_CONSUMER, conf);
    rd_kafka_poll_set_consumer(kafka);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(all, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t error = rd_kafka_assign(kafka, all);
    if (error) fail("assign", rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(all);

    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);
    static rd_kafka_message_t *messages[TAKEN_AT_ONCE];
    struct seen seen = {0, 0, 0, 0};
    while (seen.records < records) {
        ssize_t taken = rd_kafka_consume_batch_queue(queue, 10000, messages, TAKEN_AT_ONCE);
        if (taken <= 0) fail("consume", "nothing came for 10 s");
        for (ssize_t i = 0; i < taken; i++) {
            look_at(messages[i], &seen);
            rd_kafka_message_destroy(messages[i]);
        }
    }
    printf("{\"records\":%ld,\"traced\":%ld,\"bytes\":%" PRIu64 ",\"keys\":%" PRIu64 "}\n", seen.records,
           seen.traced, seen.bytes, seen.keys);
    /* Closing takes time that is not reading: leave it out, as the other reader does. */
    fflush(stdout);
    _Exit(0);
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "version")) {
        puts(rd_kafka_version_str());
        return 0;
    }
    if ((argc == 7 || argc == 8) && !strcmp(argv[1], "produce"))
        return produce(argv[2], argv[3], atol(argv[4]), argv[5], argv[6], argc == 8 ? atol(argv[7]) : 0);
    if (argc == 6 && !strcmp(argv[1], "consume"))
        return consume(argv[2], argv[3], atoi(argv[4]), atol(argv[5]));
    fprintf(stderr, "usage: librdkafka produce|consume|version ...\n");
    return 2;
}
