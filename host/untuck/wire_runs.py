# How runs that the clip has kept travel to the host, and how they lie in its flash: frames, chunks, records.
# One file that CPython and MicroPython both run, as wire.py, whose commands ask for what is described here.
# Layouts of kept runs live here and nowhere else; packing is firmware/run_encoder.py's, unpacking sources/run_decoder.py's.

try:
    from micropython import const
except ImportError:

    def const(value: int) -> int:
        return value


# Frames are notifications of the stream characteristic; their first byte tells them from packets.
FRAME_RUN = const(0xF0)  # u16 run, u32 bytes, u32 start in seconds since 1970 (0: not known), u8 flags
FRAME_RUN_FORMAT = "<BHIIB"
FRAME_DATA = const(0xF1)  # u16 run, u32 offset, bytes
FRAME_DATA_FORMAT = "<BHI"
FRAME_DATA_HEADER_SIZE = const(7)
RUN_FETCHED = const(1)
RUN_RECORDING = const(2)

# A kept run is a sequence of chunks, each a file of CHUNK_BYTES at most: a head, then records of about a second.
CHUNK_BYTES = const(65536)
CHUNK_MAGIC = b"UTK2"
CHUNK_FORMAT = "<4sHHI"  # magic, run, number of the chunk, start of the run in seconds since 1970
CHUNK_HEADER_SIZE = const(12)
RECORD_FORMAT = "<HH"  # bytes that follow, their checksum
RECORD_HEADER_SIZE = const(4)
# Head of a record: stream id, sequence, seconds, microseconds and period of its first packet; packets; the twelve
# parameters of the coder (ten values of a sample, time, period).
PAYLOAD_FORMAT = "<HIIIHB12s"
PAYLOAD_HEADER_SIZE = const(29)
