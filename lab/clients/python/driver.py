"""Python's Kafka clients, told what to do by one line of JSON on stdin.

    {"id": 7, "do": "consume", "library": "confluent", "group": "g", "topic": "t", "count": 3}
    {"id": 7, "ok": {"records": 3}}      or      {"id": 7, "error": "..."}

Each request runs on a thread of its own. The process ends with its stdin.
"""

import asyncio
import json
import sys
import threading
import time

import aiokafka
import confluent_kafka
import kafka

PATIENCE_SECONDS = 90
BOOTSTRAP = sys.argv[1]
replying = threading.Lock()


class TooFew(Exception):
    """The wanted records did not come in time."""


def produce_confluent(topic, partition, values):
    failures = []
    producer = confluent_kafka.Producer({"bootstrap.servers": BOOTSTRAP})
    for value in values:
        producer.produce(topic, value, partition=partition, on_delivery=lambda error, _: error and failures.append(error))
    if producer.flush(PATIENCE_SECONDS) or failures:
        raise TooFew(f"not delivered: {failures}")


def produce_kafka_python(topic, partition, values):
    producer = kafka.KafkaProducer(bootstrap_servers=BOOTSTRAP)
    for sent in [producer.send(topic, value, partition=partition) for value in values]:
        sent.get(timeout=PATIENCE_SECONDS)
    producer.close()


def produce_aiokafka(topic, partition, values):
    async def run():
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=BOOTSTRAP)
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(topic, value, partition=partition)
        finally:
            await producer.stop()

    asyncio.run(run())


def consume_confluent(group, topic, count):
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": BOOTSTRAP,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    })
    consumer.subscribe([topic])
    deadline = time.monotonic() + PATIENCE_SECONDS
    records = 0
    while records < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            records += 1
    if records == count:
        consumer.commit(asynchronous=False)
    consumer.close()
    return records


def consume_kafka_python(group, topic, count):
    consumer = kafka.KafkaConsumer(
        bootstrap_servers=BOOTSTRAP,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    # kafka-python 3.0 joins without waiting for metadata: as leader it then assigns nothing to anybody, and the
    # rejoin that metadata causes may never end.
    consumer.partitions_for_topic(topic)
    consumer.subscribe([topic])
    deadline = time.monotonic() + PATIENCE_SECONDS
    records = 0
    while records < count and time.monotonic() < deadline:
        polled = consumer.poll(timeout_ms=200, max_records=count - records)
        records += sum(len(messages) for messages in polled.values())
    if records == count:
        consumer.commit()
    consumer.close()
    return records


def consume_aiokafka(group, topic, count):
    async def run():
        consumer = aiokafka.AIOKafkaConsumer(
            topic,
            bootstrap_servers=BOOTSTRAP,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            records = 0
            for _ in range(count):
                await asyncio.wait_for(consumer.getone(), PATIENCE_SECONDS)
                records += 1
            await consumer.commit()
            return records
        finally:
            await consumer.stop()

    return asyncio.run(run())


PRODUCE = {"confluent": produce_confluent, "kafka_python": produce_kafka_python, "aiokafka": produce_aiokafka}
CONSUME = {"confluent": consume_confluent, "kafka_python": consume_kafka_python, "aiokafka": consume_aiokafka}


def answer(request):
    library, topic, count = request["library"], request["topic"], request["count"]
    if request["do"] == "produce":
        PRODUCE[library](topic, request["partition"], [b"value-%d" % i for i in range(count)])
        return {}
    if request["do"] == "consume":
        records = CONSUME[library](request["group"], topic, count)
        if records < count:
            raise TooFew(f"{library}: {records} of {count} records came")
        return {"records": records}
    raise ValueError(f"no command {request['do']}")


def serve(request):
    try:
        reply({"id": request["id"], "ok": answer(request)})
    except Exception as error:  # the asker decides what it means
        reply({"id": request["id"], "error": f"{type(error).__name__}: {error}"})


def reply(message):
    with replying:
        print(json.dumps(message), flush=True)


def main():
    reply({"id": 0, "ok": {}})
    for line in sys.stdin:
        threading.Thread(target=serve, args=(json.loads(line),), daemon=True).start()


main()
