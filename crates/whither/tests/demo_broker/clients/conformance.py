"""Uses a demo broker as applications do, through librdkafka (confluent-kafka), and checks what comes back.

    conformance.py HOST:PORT

Prints "ok NAME" after each story and ends with 1 at the first that fails.
"""
import sys
import time
import traceback

import confluent_kafka
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

BOOTSTRAP = sys.argv[1]
PATIENCE = 20.0


ADMIN = AdminClient({"bootstrap.servers": BOOTSTRAP})


def admin():
    return ADMIN


def wait(futures):
    """Results of an admin call, in the order of its keys."""
    return {key: future.result(PATIENCE) for key, future in futures.items()}


def create(name, partitions=1, **config):
    config = {key.replace("_", "."): value for key, value in config.items()}
    wait(admin().create_topics([NewTopic(name, partitions, 1, config=config)]))


def producer(**config):
    return Producer({"bootstrap.servers": BOOTSTRAP, "linger.ms": 5, **{k.replace("_", "."): v for k, v in config.items()}})


def consumer(group, **config):
    base = {
        "bootstrap.servers": BOOTSTRAP,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 200,
        "fetch.wait.max.ms": 50,
    }
    return Consumer({**base, **{k.replace("_", "."): v for k, v in config.items()}})


def send(to, topic, values, **kwargs):
    failures = []
    for value in values:
        to.produce(topic, value=value, on_delivery=lambda error, _: error and failures.append(error), **kwargs)
    assert to.flush(PATIENCE) == 0, "not everything was delivered"
    assert not failures, failures


def read(source, count):
    """Exactly `count` messages, and none in the half second after them."""
    messages, until = [], time.monotonic() + PATIENCE
    while len(messages) < count and time.monotonic() < until:
        message = source.poll(0.1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        messages.append(message)
    assert len(messages) == count, f"{len(messages)} of {count} messages"
    late = source.poll(0.5)
    assert late is None, f"one more: {late.value()}"
    return messages


def eventually(check, what):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if check():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain: {what}")


def expect_error(code, work):
    try:
        work()
    except KafkaException as exception:
        assert exception.args[0].code() == code, exception
        return exception
    raise AssertionError(f"no error, expected {code}")


def idempotent_producer_and_every_codec():
    create("codecs", 1)
    sent = []
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        values = [f"{codec}-{n}".encode() * 20 for n in range(50)]
        headers = [("codec", codec.encode()), ("twice", b"1"), ("twice", b"2"), ("null", None)]
        send(producer(enable_idempotence=True, compression_type=codec), "codecs", values, key=codec.encode(), headers=headers)
        sent += values
    reader = consumer("codecs-reader", check_crcs=True)
    reader.subscribe(["codecs"])
    messages = read(reader, len(sent))
    assert [message.value() for message in messages] == sent
    assert [message.offset() for message in messages] == list(range(len(sent)))
    last = messages[-1]
    assert last.key() == b"zstd"
    assert last.headers() == [("codec", b"zstd"), ("twice", b"1"), ("twice", b"2"), ("null", None)]
    reader.close()


def two_members_and_a_rebalance():
    create("shared", 4)
    first, second = consumer("team", client_id="first"), consumer("team", client_id="second")
    first.subscribe(["shared"])
    eventually(lambda: first.poll(0.05) is None and len(first.assignment()) == 4, "first has all partitions")
    second.subscribe(["shared"])

    def both():
        first.poll(0.02), second.poll(0.02)
        return len(first.assignment()) == 2 and len(second.assignment()) == 2

    eventually(both, "both have two partitions")
    taken = {place.partition for member in (first, second) for place in member.assignment()}
    assert taken == {0, 1, 2, 3}
    sender = producer()
    for partition in range(4):
        send(sender, "shared", [b"%d" % partition], partition=partition)
    seen = set()

    def all_seen():
        for member in (first, second):
            message = member.poll(0.02)
            if message is not None:
                assert not message.error(), message.error()
                assert message.partition() in {place.partition for place in member.assignment()}
                seen.add(message.partition())
        return seen == {0, 1, 2, 3}

    eventually(all_seen, "a message from each partition")
    described = admin().describe_consumer_groups(["team"])["team"].result(PATIENCE)
    assert described.state.name == "STABLE", described.state
    assert sorted(member.client_id for member in described.members) == ["first", "second"]
    assert sum(len(member.assignment.topic_partitions) for member in described.members) == 4
    second.close()
    eventually(lambda: first.poll(0.02) is None and len(first.assignment()) == 4, "first has all again")
    first.close()


def cooperative_rebalance():
    create("gentle", 4)
    config = {"partition_assignment_strategy": "cooperative-sticky"}
    members = [consumer("gentle-team", **config)]
    members[0].subscribe(["gentle"])
    eventually(lambda: members[0].poll(0.05) is None and len(members[0].assignment()) == 4, "one has all")
    members.append(consumer("gentle-team", **config))
    members[1].subscribe(["gentle"])

    def both():
        for member in members:
            member.poll(0.02)
        return [len(member.assignment()) for member in members] == [2, 2]

    eventually(both, "two have two each")
    for member in members:
        member.close()


def static_member_restarts_without_rebalance():
    create("static", 2)
    config = {"group_instance_id": "pod-0"}
    member = consumer("static-team", **config)
    member.subscribe(["static"])
    eventually(lambda: member.poll(0.05) is None and len(member.assignment()) == 2, "assigned")
    before = admin().describe_consumer_groups(["static-team"])["static-team"].result(PATIENCE)
    member.close()
    again = consumer("static-team", **config)
    again.subscribe(["static"])
    eventually(lambda: again.poll(0.05) is None and len(again.assignment()) == 2, "assigned again")
    after = admin().describe_consumer_groups(["static-team"])["static-team"].result(PATIENCE)
    assert [m.group_instance_id for m in after.members] == ["pod-0"]
    assert before.members[0].member_id != after.members[0].member_id
    again.close()


def manual_commits_and_seek():
    create("manual", 1)
    send(producer(), "manual", [b"%d" % n for n in range(10)])
    place = TopicPartition("manual", 0)
    member = consumer("manual-team")
    member.subscribe(["manual"])
    read(member, 10)
    committed = member.commit(offsets=[TopicPartition("manual", 0, 4, "half way")], asynchronous=False)
    assert committed[0].error is None and committed[0].offset == 4
    member.close()
    member = consumer("manual-team")
    assert member.committed([place], PATIENCE)[0].offset == 4
    member.subscribe(["manual"])
    assert [m.value() for m in read(member, 6)] == [b"4", b"5", b"6", b"7", b"8", b"9"]
    member.seek(TopicPartition("manual", 0, 8))
    assert [m.offset() for m in read(member, 2)] == [8, 9]
    assert member.get_watermark_offsets(place, PATIENCE) == (0, 10)
    member.close()
    too_long = TopicPartition("manual", 0, 5, "x" * 5000)
    outside = consumer("manual-team")
    expect_error(KafkaError.OFFSET_METADATA_TOO_LARGE, lambda: outside.commit(offsets=[too_long], asynchronous=False))
    outside.close()


def look_up_by_time():
    create("times", 1)
    sender = producer()
    for n in range(5):
        send(sender, "times", [b"%d" % n], timestamp=1_000_000 + n * 1000)
    member = consumer("times-team")
    asked = [TopicPartition("times", 0, 1_002_500)]
    assert member.offsets_for_times(asked, PATIENCE)[0].offset == 3
    asked = [TopicPartition("times", 0, 9_000_000)]
    assert member.offsets_for_times(asked, PATIENCE)[0].offset == confluent_kafka.OFFSET_END
    place = TopicPartition("times", 0)
    specs = {"earliest": OffsetSpec.earliest(), "latest": OffsetSpec.latest(), "newest": OffsetSpec.max_timestamp()}
    listed = {name: wait(admin().list_offsets({place: spec}))[place] for name, spec in specs.items()}
    assert {name: found.offset for name, found in listed.items()} == {"earliest": 0, "latest": 5, "newest": 4}
    assert listed["newest"].timestamp == 1_004_000
    member.close()


def transactions_commit_and_abort():
    create("tx", 1)
    sender = producer(transactional_id="tx-1")
    sender.init_transactions(PATIENCE)
    sender.begin_transaction()
    send(sender, "tx", [b"kept-0", b"kept-1"])
    sender.commit_transaction(PATIENCE)
    sender.begin_transaction()
    send(sender, "tx", [b"gone-0", b"gone-1"])
    sender.abort_transaction(PATIENCE)
    sender.begin_transaction()
    send(sender, "tx", [b"open"])
    committed, uncommitted = consumer("tx-c", isolation_level="read_committed"), consumer("tx-u", isolation_level="read_uncommitted")
    committed.subscribe(["tx"]), uncommitted.subscribe(["tx"])
    assert [(m.offset(), m.value()) for m in read(committed, 2)] == [(0, b"kept-0"), (1, b"kept-1")]
    everything = [(0, b"kept-0"), (1, b"kept-1"), (3, b"gone-0"), (4, b"gone-1"), (6, b"open")]
    assert [(m.offset(), m.value()) for m in read(uncommitted, 5)] == everything
    place = TopicPartition("tx", 0)
    for level, end in [(IsolationLevel.READ_COMMITTED, 6), (IsolationLevel.READ_UNCOMMITTED, 7)]:
        found = wait(admin().list_offsets({place: OffsetSpec.latest()}, isolation_level=level))
        assert found[place].offset == end, (level, found[place].offset)
    sender.commit_transaction(PATIENCE)
    assert [(m.offset(), m.value()) for m in read(committed, 1)] == [(6, b"open")]
    committed.close(), uncommitted.close()


def a_newer_producer_fences_the_older():
    create("fenced", 1)
    old, new = producer(transactional_id="tx-2"), producer(transactional_id="tx-2")
    old.init_transactions(PATIENCE)
    old.begin_transaction()
    send(old, "fenced", [b"old"])
    new.init_transactions(PATIENCE)
    exception = expect_error(KafkaError._FENCED, lambda: old.commit_transaction(PATIENCE))
    assert exception.args[0].fatal()
    new.begin_transaction()
    send(new, "fenced", [b"new"])
    new.commit_transaction(PATIENCE)
    reader = consumer("fenced-reader", isolation_level="read_committed")
    reader.subscribe(["fenced"])
    assert [m.value() for m in read(reader, 1)] == [b"new"]
    reader.close()


def consume_transform_produce():
    create("cats", 1), create("dogs", 1)
    send(producer(), "cats", [b"a", b"b", b"c"])
    member, sender = consumer("ctp", isolation_level="read_committed"), producer(transactional_id="ctp-1")
    member.subscribe(["cats"])
    sender.init_transactions(PATIENCE)
    place = [TopicPartition("cats", 0)]
    for end, expected in [("abort", -1001), ("commit", 3)]:
        messages = read(member, 3)
        sender.begin_transaction()
        send(sender, "dogs", [m.value().upper() for m in messages])
        sender.send_offsets_to_transaction(member.position(member.assignment()), member.consumer_group_metadata(), PATIENCE)
        if end == "abort":
            sender.abort_transaction(PATIENCE)
            member.seek(TopicPartition("cats", 0, 0))
        else:
            sender.commit_transaction(PATIENCE)
        assert member.committed(place, PATIENCE)[0].offset == expected
    reader = consumer("dogs-reader", isolation_level="read_committed")
    reader.subscribe(["dogs"])
    assert [m.value() for m in read(reader, 3)] == [b"A", b"B", b"C"]
    member.close(), reader.close()


def topics_partitions_and_configs():
    create("shop", 2, retention_ms="60000")
    metadata = admin().list_topics(timeout=PATIENCE)
    assert metadata.cluster_id.startswith("whither-demo-"), metadata.cluster_id
    assert len(metadata.topics["shop"].partitions) == 2
    expect_error(KafkaError.TOPIC_ALREADY_EXISTS, lambda: create("shop", 2))
    expect_error(KafkaError.INVALID_REPLICATION_FACTOR, lambda: wait(admin().create_topics([NewTopic("wide", 1, 3)])))
    expect_error(KafkaError.INVALID_CONFIG, lambda: create("odd", 1, no_such_setting="1"))
    expect_error(KafkaError.TOPIC_EXCEPTION, lambda: create("not a name", 1))
    wait(admin().create_partitions([NewPartitions("shop", 5)]))
    assert len(admin().list_topics("shop", timeout=PATIENCE).topics["shop"].partitions) == 5
    expect_error(KafkaError.INVALID_PARTITIONS, lambda: wait(admin().create_partitions([NewPartitions("shop", 3)])))

    def configs():
        return wait(admin().describe_configs([ConfigResource(ResourceType.TOPIC, "shop")])).popitem()[1]

    assert configs()["retention.ms"].value == "60000" and not configs()["retention.ms"].is_default
    assert configs()["max.message.bytes"].value == "1048588" and configs()["max.message.bytes"].is_default
    changes = [
        ConfigEntry("retention.ms", None, incremental_operation=AlterConfigOpType.DELETE),
        ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND),
    ]
    wait(admin().incremental_alter_configs([ConfigResource(ResourceType.TOPIC, "shop", incremental_configs=changes)]))
    assert configs()["retention.ms"].value == "604800000" and configs()["cleanup.policy"].value == "delete,compact"
    broker = wait(admin().describe_configs([ConfigResource(ResourceType.BROKER, "1")])).popitem()[1]
    assert broker["offsets.retention.minutes"].value == "10080"
    cluster = admin().describe_cluster().result(PATIENCE)
    assert [node.id for node in cluster.nodes] == [1] and cluster.cluster_id == metadata.cluster_id
    described = wait(admin().describe_topics(confluent_kafka.TopicCollection(["shop"])))["shop"]
    assert len(described.partitions) == 5
    wait(admin().delete_topics(["shop"]))
    expect_error(KafkaError.UNKNOWN_TOPIC_OR_PART, lambda: wait(admin().delete_topics(["shop"])))
    create("shop", 1)
    again = wait(admin().describe_topics(confluent_kafka.TopicCollection(["shop"])))["shop"]
    assert str(again.topic_id) != str(described.topic_id)


def records_deleted():
    create("trimmed", 1)
    send(producer(), "trimmed", [b"%d" % n for n in range(10)])
    found = wait(admin().delete_records([TopicPartition("trimmed", 0, 4)]))
    assert found[TopicPartition("trimmed", 0)].low_watermark == 4
    reader = consumer("trimmed-reader")
    reader.subscribe(["trimmed"])
    assert [m.offset() for m in read(reader, 6)] == [4, 5, 6, 7, 8, 9]
    assert reader.get_watermark_offsets(TopicPartition("trimmed", 0), PATIENCE) == (4, 10)
    reader.close()
    beyond = TopicPartition("trimmed", 0, 99)
    expect_error(KafkaError.OFFSET_OUT_OF_RANGE, lambda: wait(admin().delete_records([beyond])))


def groups_listed_reset_and_deleted():
    create("grouped", 1)
    send(producer(), "grouped", [b"%d" % n for n in range(5)])
    member = consumer("grouped-team")
    member.subscribe(["grouped"])
    read(member, 5)
    member.commit(asynchronous=False)
    listed = admin().list_consumer_groups().result(PATIENCE)
    assert not listed.errors
    states = {group.group_id: group.state.name for group in listed.valid}
    assert states["grouped-team"] == "STABLE"
    place = TopicPartition("grouped", 0)

    def committed():
        asked = [ConsumerGroupTopicPartitions("grouped-team", [place])]
        return admin().list_consumer_group_offsets(asked)["grouped-team"].result(PATIENCE).topic_partitions[0].offset

    def reset(offset):
        asked = [ConsumerGroupTopicPartitions("grouped-team", [TopicPartition("grouped", 0, offset)])]
        found = admin().alter_consumer_group_offsets(asked)["grouped-team"].result(PATIENCE)
        if found.topic_partitions[0].error:
            raise KafkaException(found.topic_partitions[0].error)

    assert committed() == 5
    expect_error(KafkaError.UNKNOWN_MEMBER_ID, lambda: reset(2))
    expect_error(KafkaError.NON_EMPTY_GROUP, lambda: admin().delete_consumer_groups(["grouped-team"])["grouped-team"].result(PATIENCE))
    member.close()
    reset(2)
    assert committed() == 2
    admin().delete_consumer_groups(["grouped-team"])["grouped-team"].result(PATIENCE)
    assert committed() == -1001
    expect_error(KafkaError.GROUP_ID_NOT_FOUND, lambda: admin().delete_consumer_groups(["grouped-team"])["grouped-team"].result(PATIENCE))


def records_too_large_are_refused():
    create("small", 1, max_message_bytes="1000")
    sender = producer(message_timeout_ms=5000)
    errors = []
    sender.produce("small", value=b"x" * 2000, on_delivery=lambda error, _: errors.append(error))
    assert sender.flush(PATIENCE) == 0
    assert errors[0].code() == KafkaError.MSG_SIZE_TOO_LARGE, errors


STORIES = [
    idempotent_producer_and_every_codec,
    two_members_and_a_rebalance,
    cooperative_rebalance,
    static_member_restarts_without_rebalance,
    manual_commits_and_seek,
    look_up_by_time,
    transactions_commit_and_abort,
    a_newer_producer_fences_the_older,
    consume_transform_produce,
    topics_partitions_and_configs,
    records_deleted,
    groups_listed_reset_and_deleted,
    records_too_large_are_refused,
]


def main():
    for story in STORIES:
        try:
            story()
        except BaseException:
            traceback.print_exc()
            print(f"FAILED {story.__name__}", flush=True)
            return 1
        print(f"ok {story.__name__}", flush=True)
    print(f"all {len(STORIES)} stories, librdkafka {confluent_kafka.libversion()[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
