"""What tests put into a storage and read back."""

from imagemill.storage.protocol import Storage


async def store(storage: Storage, key: str, content: bytes = b"picture") -> None:
    async with storage.begin(len(content)) as pending_file:
        await pending_file.write(content)
        await pending_file.commit(key)


async def publish(storage: Storage, key: str, files: dict[str, bytes]) -> None:
    await storage.publish({f"{key}.{name}": content for name, content in files.items()})


async def read(storage: Storage, key: str) -> bytes:
    size = await storage.size(key)
    return b"".join([chunk async for chunk in storage.read_range(key, 0, size)])
