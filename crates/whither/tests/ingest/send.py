"""Sends spans by an exporter of the OpenTelemetry SDK: send.py http|grpc ENDPOINT none|gzip COUNT"""

import sys

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

protocol, endpoint, packed, count = sys.argv[1:]

if protocol == "http":
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    compression = Compression.Gzip if packed == "gzip" else Compression.NoCompression
    exporter = OTLPSpanExporter(endpoint=endpoint, compression=compression)
else:
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    compression = Compression.Gzip if packed == "gzip" else Compression.NoCompression
    exporter = OTLPSpanExporter(endpoint=endpoint, compression=compression, insecure=True)

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=int(count) + 1))
tracer = provider.get_tracer("ingest")
for n in range(int(count)):
    tracer.start_span(f"{protocol} {packed} {n:04}").end()
provider.shutdown()
