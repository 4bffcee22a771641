"""Reads a store's segments with DuckDB and compares them with the rows of tests/store/app.rs, the numbers 1 to N."""

import sys

import duckdb

directory, count = sys.argv[1], int(sys.argv[2])
numbers = range(1, count + 1)


def rows(table, columns):
    at = "epoch_ms(happened_at)"
    query = f"SELECT {at}, {columns} FROM read_parquet('{directory}/{table}-*.parquet') ORDER BY {at}"
    return duckdb.sql(query).fetchall()


def same(table, columns, expected):
    found = rows(table, columns)
    wanted = [(n, *expected(n)) for n in numbers]
    for got, want in zip(found, wanted, strict=True):
        assert got == want, f"{table}: {got} is not {want}"


def key_hash(n):
    return (n + 1) * 0x9E3779B97F4A7C15 % 2**64


same(
    "findings",
    "finding_id, consumer_group, topic, partition, from_offset, to_offset, records, at_most, verdict, certainty, cause,"
    " cause_certainty, shown_as, recoverable, withdrawn, json",
    lambda n: (
        n, "billing" if n % 2 == 0 else None, "orders", 0, 0, n, n, n % 3 == 0, "expired", "strong", "retention_time",
        None, "loss", False, n % 5 == 0, f'{{"n":{n}}}',
    ),
)
same(
    "lag",
    "consumer_group, topic, partition, committed_offset, end_offset, log_start_offset, lag_records, lag_ms",
    lambda n: ("billing", "orders", 0, n, 2 * n, 0, None, None),
)
same(
    "balance",
    "consumer_group, topic, partition, verdict, records",
    lambda n: ("billing", "orders", 0, "delivered", n),
)
same(
    "commits",
    "consumer_group, topic, partition, committed_offset, member_id, client_id, host, memberless",
    lambda n: ("billing", "orders", 0, n, None, None, None, False),
)
same(
    "index",
    "hash, kind, topic, partition, record_offset",
    lambda n: (key_hash(n), "key", "orders", 0, n),
)
spans = duckdb.sql(
    "SELECT epoch_ns(started_at), hex(trace_id), hex(span_id), hex(parent_span_id), duration_nanos, received_at, service,"
    " operation, kind, status, messaging_operation, topic, partition, record_offset, consumer_group, resource, scope, rest"
    f" FROM read_parquet('{directory}/spans-*.parquet') ORDER BY started_at"
).fetchall()
for got, n in zip(spans, numbers, strict=True):
    want = (
        n * 1_000_000 + 5, f"{key_hash(n):016X}{n:016X}", f"{key_hash(n):016X}",
        f"{key_hash(n + 1):016X}" if n % 2 == 0 else None, n, None, "orders", "process orders", "consumer",
        "error" if n % 7 == 0 else "unset", "process", "orders", 0, n, "billing" if n % 3 == 0 else None, b"resource",
        b"scope", n.to_bytes(4, "big"),
    )
    assert got == want, f"spans: {got} is not {want}"
marks = duckdb.sql(
    f"SELECT epoch_ms(happened_at), hex(trace_id) FROM read_parquet('{directory}/marks-*.parquet') ORDER BY 1"
).fetchall()
assert marks == [(n, f"{key_hash(n):016X}{n:016X}") for n in numbers if n % 7 == 0]
kind = duckdb.sql(f"SELECT DISTINCT typeof(happened_at) FROM read_parquet('{directory}/index-*.parquet')").fetchall()
assert kind == [("TIMESTAMP WITH TIME ZONE",)], kind
print(f"{count} rows in each of 6 tables")
