"""What `postgres.sh` does around the server: `postgres.py delay PORT SERVER MILLIS` is a way to it that takes so long."""

import asyncio
import sys


async def pass_on(reader, writer, seconds):
    """Everything arrives after that time, and in between any number of it is on its way."""
    queue = asyncio.Queue()
    clock = asyncio.get_running_loop()

    async def deliver():
        while (item := await queue.get()) is not None:
            due, part = item
            await asyncio.sleep(max(0, due - clock.time()))
            writer.write(part)
            await writer.drain()
        writer.close()

    delivery = asyncio.create_task(deliver())
    try:
        while part := await reader.read(1 << 18):
            queue.put_nowait((clock.time() + seconds, part))
    except ConnectionError:
        pass
    queue.put_nowait(None)
    await asyncio.gather(delivery, return_exceptions=True)


async def delay(port, server, millis):
    async def meet(reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server)
        half = millis / 2_000
        await asyncio.gather(pass_on(reader, far_writer, half), pass_on(far_reader, writer, half))

    async with await asyncio.start_server(meet, "127.0.0.1", port) as listener:
        await listener.serve_forever()


if __name__ == "__main__":
    _, _, port, server, millis = sys.argv
    asyncio.run(delay(int(port), int(server), float(millis)))
