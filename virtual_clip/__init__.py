"""The clip without hardware: simulated sensor and radio around the real firmware in MicroPython.

Tests and benches use it to run the host against a clip. What the sensor measures is given as untuck.Samples; faults of
radio, sensor and flash can be switched on while it runs.

    import asyncio
    from untuck import wire
    from untuck.sources.ble import BleSource
    from virtual_clip.clip import VirtualClip
    from virtual_clip.stream_checks import motion

    async def main():
        async with VirtualClip(motion(5, 100)) as clip, BleSource(100, backend=clip.backend) as source:
            async for packet in source.packets():
                sequence = wire.unpack_header(packet.data)[3]
                if sequence == 10:
                    await clip.peripheral.drop()  # the connection breaks; the host reconnects without loss
                if sequence == 40:
                    await source.stop()  # packets() ends after the clip's last packet
            print(source.reconnects, "reconnection,", source.lost, "packets lost")

    asyncio.run(main())

clip.py joins the parts: bno085_sim.py (sensor), bus_server.py (SPI, I2C and pins), bumble_peripheral.py,
nimble_store.py and radio_channel.py (radio), bleak_backend.py (the host's end), hci_adapter.py (an adapter for a
virtual machine). shims/ are MicroPython's hardware modules for the firmware. micropython_script.py runs single scripts
with it; loudspeaker.py is a sound device without hardware.
"""
