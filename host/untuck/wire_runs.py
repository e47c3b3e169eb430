# Kept runs, which the clip records while no host listens: their layout in the flash, and the frames that transfer them.
# CPython and MicroPython both run this file, like wire.py, whose commands request these frames.
# firmware/run_encoder.py compresses the records; host/untuck/sources/run_decoder.py decompresses them.

try:
    from micropython import const
except ImportError:

    def const(value: int) -> int:
        return value


# Frames are notifications of the stream characteristic; their first byte distinguishes them from packets.
FRAME_RUN = const(0xF0)  # u16 run, u32 bytes, u32 start in seconds since 1970 (0: unknown), u8 flags
FRAME_RUN_FORMAT = "<BHIIB"
FRAME_DATA = const(0xF1)  # u16 run, u32 offset, bytes
FRAME_DATA_FORMAT = "<BHI"
FRAME_DATA_HEADER_SIZE = const(7)
RUN_FETCHED = const(1)
RUN_RECORDING = const(2)

# A kept run is a sequence of chunks, files of at most CHUNK_BYTES: a header, then records of about a second each.
CHUNK_BYTES = const(65536)
CHUNK_MAGIC = b"UTK"
CHUNK_FORMAT = "<3sBHHI"  # magic, kind, run, chunk number, start of the run in seconds since 1970
CHUNK_KIND = const(0x32)  # plus the id of the sensor whose packets the chunk has: "2" is the BNO085
CHUNK_HEADER_SIZE = const(12)
RECORD_FORMAT = "<HH"  # bytes that follow, and their checksum
RECORD_HEADER_SIZE = const(4)
# Header of a record: stream id, sequence, seconds, microseconds and period of its first packet; number of packets;
# twelve coding parameters (ten values of a sample, time, period).
PAYLOAD_FORMAT = "<HIIIHB12s"
PAYLOAD_HEADER_SIZE = const(29)
