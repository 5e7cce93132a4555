"""How objects travel: in parts, several at once, checked by the server, through one pool a process."""

import os
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest

from pipeline.errors import LakeError
from pipeline.lake.s3 import Store, store
from tests.support.world import World

MIB = 1 << 20


def with_transfer(world: World, part_size: int, concurrency: int) -> Store:
    changed = {"part_size": part_size, "concurrency": concurrency}
    return Store(world.lake.settings.model_copy(update=changed))


def test_a_large_file_is_sent_in_parts_of_the_size_and_as_many_at_once_as_configured(
    world: World, tmp_path: Path
):
    lake, content = with_transfer(world, 5, 2), os.urandom(18 * MIB)
    pairs, sent, threads = threading.Barrier(2, timeout=20), [], set()

    def part(request: Any, **_: Any) -> None:
        sent.append(request.headers)
        threads.add(threading.get_ident())
        pairs.wait()  # breaks unless a second part is on its way

    lake._client.meta.events.register("before-send.s3.UploadPart", part)
    (tmp_path / "large").write_bytes(content)
    lake.upload(tmp_path / "large", "large")
    assert len(sent) == 4  # 5, 5, 5 and 3 MiB
    assert len(threads) == 2
    assert all(
        any(name.lower().startswith("x-amz-checksum-sha256") for name in headers)
        or "x-amz-checksum-sha256" in str(headers.get("X-Amz-Trailer", ""))
        for headers in sent
    )
    lake.download("large", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content


def test_a_small_file_is_sent_in_one_piece(world: World, tmp_path: Path):
    lake, parts = with_transfer(world, 5, 2), []
    lake._client.meta.events.register(
        "before-send.s3.UploadPart", lambda request, **_: parts.append(request)
    )
    (tmp_path / "small").write_bytes(b"rows")
    lake.upload(tmp_path / "small", "small")
    assert not parts
    assert lake.get("small") == b"rows"


def test_a_listing_is_read_for_keys_and_sizes_alone(world: World):
    lake, names = world.lake, ["a&b", "a<ETag>b</ETag>c", "a b", "ünd"]
    for size, name in enumerate(names):
        lake.put(f"odd/{name}", b"x" * size)
    found = {each.key: each.bytes for each in lake.list("odd/")}
    assert found == {f"odd/{name}": size for size, name in enumerate(names)}
    page = lake._client.list_objects_v2(Bucket=lake.settings.bucket, Prefix=f"{lake.prefix}odd/")
    assert all(set(each) == {"Key", "Size"} for each in page["Contents"])


@pytest.mark.parametrize("size", [1_000, 6 * MIB])
def test_what_is_changed_on_the_way_is_refused_by_the_server(world: World, size: int):
    lake = with_transfer(world, 5, 2)

    def tamper(request: Any, **_: Any) -> None:
        request.body = b"x" * size

    lake._client.meta.events.register("before-send.s3.PutObject", tamper)
    with pytest.raises(LakeError):
        lake.put("changed", b"y" * size)
    assert not world.lake.exists("changed")


def test_a_process_has_one_client_and_a_forked_one_goes_on_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    lake = store(world.lake.settings)
    assert store(world.lake.settings) is lake
    lake.put("before", b"1")

    def another(*_: Any, **__: Any) -> None:
        raise AssertionError("a second client")

    monkeypatch.setattr(boto3.session, "Session", another)
    child = os.fork()
    if not child:
        try:
            inherited = store(world.lake.settings)
            inherited.put("child", inherited.get("before"))
            os._exit(0 if inherited is lake else 3)
        except BaseException:
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert lake.get("child") == b"1"
