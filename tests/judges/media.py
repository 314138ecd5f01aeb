"""Uploads to `payung serve` with a tus client nobody here wrote: tuspy.

    python3 media.py target/debug/payung

A file in chunks with checksums, one in a single request, one that stops in the middle and is gone on with by another
client that has only the address: all must arrive as they were sent. A file that is not what its metadata says, a chunk at
another offset and a file that is too large must be refused. Exit code 0 only if all hold.
"""

import hashlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import requests
from common.tally import Tally
from tusclient.client import TusClient


def file(seed: int, size: int) -> bytes:
    return hashlib.shake_256(bytes([seed])).digest(size)


def judge(tally: Tally, origin: str) -> None:
    client = TusClient(f"{origin}/v1/media")

    def uploader(content: bytes, named: bytes | None = None, **options):
        digest = hashlib.sha256(content if named is None else named).hexdigest()
        return client.uploader(file_stream=io.BytesIO(content), metadata={"sha256": digest}, **options)

    def arrived(content: bytes) -> bool:
        answer = requests.get(f"{origin}/v1/media/{hashlib.sha256(content).hexdigest()}", timeout=20)
        return answer.status_code == 200 and answer.content == content

    chunked = file(1, 80_000)
    uploader(chunked, chunk_size=16_384, upload_checksum=True).upload()
    tally.check("a file in chunks with checksums arrives", arrived(chunked))

    single = file(2, 80_000)
    uploader(single).upload()
    tally.check("a file in one request arrives", arrived(single))

    cut = file(3, 80_000)
    first = uploader(cut, chunk_size=10_000)
    first.upload(stop_at=30_000)
    tally.check("an upload that stopped has not arrived", not arrived(cut))
    second = uploader(cut, chunk_size=10_000, url=first.url)
    tally.check("the server tells where to go on", second.get_offset() == 30_000 and second.offset == 30_000)
    second.upload()
    tally.check("an upload that stopped is gone on with", arrived(cut))

    # the same file again gives the same upload, which is whole: a client that tries again is told so
    again = uploader(cut, retries=2, retry_delay=0)
    again.set_url(again.create_url())
    tally.check("the same file is there already", again.get_offset() == len(cut) and again.url == first.url)

    other = file(4, 5_000)
    tally.refused("a file that is not what its metadata says", lambda: uploader(other, named=b"another").upload())
    late = uploader(file(5, 20_000), chunk_size=10_000)
    late.upload(stop_at=10_000)
    late.offset = 0
    tally.refused("a chunk at another offset", late.upload_chunk)
    tally.refused("a file that is too large", lambda: uploader(bytes((1 << 20) + 1)).upload())
    tally.check("nothing of the refused arrived", not arrived(other))


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.argv[1], "serve", "--data", str(Path(folder) / "data"), "--listen", "127.0.0.1:0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                origin = server.stdout.readline().split()[-1]
                judge(tally, origin)
            finally:
                server.terminate()
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
