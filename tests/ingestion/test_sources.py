"""The sources against the real wheel, the real mirror, real files and a real web server."""

import csv
import hashlib
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from ingestion.errors import IngestionError
from ingestion.sources.address import AddressSource
from ingestion.sources.interface import Failed
from ingestion.sources.official import TABLE, OfficialSource
from ingestion.sources.path import PathSource, kind_of, slug, title_of
from ingestion.sources.scancode import CORRECTIONS, ScanCodeSource
from ingestion.sources.web import HostError, Limits, download, fetch
from knowledge.models import DocumentKind

TEXT = b"EXAMPLE TERMS\n\n1. You may read this.\n"
local = partial(download, allow_loopback=True)


@pytest.fixture(scope="module")
def scancode():
    return {found.key: found for found in ScanCodeSource().collect()}


class TestScanCode:
    def test_every_text_comes_and_none_is_empty(self, scancode):
        assert len(scancode) > 2_500
        assert not [found for found in scancode.values() if isinstance(found, Failed)]
        assert all(found.text.strip() and "\r" not in found.text for found in scancode.values())
        assert list(scancode) == sorted(scancode, key=lambda key: f"{key}.LICENSE")

    def test_facts_and_words(self, scancode):
        apache = scancode["apache-2.0"]
        assert (apache.spdx, apache.title, apache.category) == ("Apache-2.0", "Apache License 2.0", "Permissive")
        assert apache.aliases == ("Apache 2.0", "LicenseRef-Apache", "LicenseRef-Apache-2.0")
        assert apache.source_url == "http://www.apache.org/licenses/LICENSE-2.0"
        assert apache.text.splitlines()[0].strip() == "Apache License"
        assert "agpl-3.0-bacula" in scancode  # deprecated keys are still in use

    def test_text_is_the_file_without_its_front_matter(self, scancode):
        folder = Path(next(p for p in sys.path if Path(p, "licensedcode").is_dir()), "licensedcode", "data", "licenses")
        for key in ("mit", "gpl-3.0", "bigscience-open-rail-m"):
            assert (folder / f"{key}.LICENSE").read_text(encoding="utf-8").endswith("\n---\n\n" + scancode[key].text)

    @pytest.mark.parametrize("key", CORRECTIONS)
    def test_corrections_are_what_the_text_says(self, scancode, key):
        found, correction = scancode[key], CORRECTIONS[key]
        assert found.kind is correction.kind
        assert found.title.removesuffix(" License").lower() in found.text.lower() or correction.title is None
        assert kind_of(found.text[:100]) is correction.kind
        assert correction.reason

    def test_the_toolkit_is_not_imported(self):
        code = (
            "import sys; from ingestion.sources.scancode import ScanCodeSource; next(ScanCodeSource().collect());"
            "print(sorted({'licensedcode', 'commoncode', 'pypdfium2', 'docx', 'httpcore'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    def test_bad_records(self, tmp_path):
        (tmp_path / "a.LICENSE").write_bytes(b"\xef\xbb\xbf---\r\nkey: a\r\nname: A\r\n---\r\n\r\nOne.\r\nTwo.\r\n")
        (tmp_path / "b.LICENSE").write_bytes(b"no front matter")
        (tmp_path / "c.LICENSE").write_bytes(b"---\nkey: [\n---\n\nx")
        (tmp_path / "d.LICENSE").write_bytes(b"---\nkey: d\n---\n\n \n")
        (tmp_path / "e.LICENSE").write_bytes(b"---\nkey: e\n---\n\n\xff")
        found = list(ScanCodeSource(tmp_path).collect())
        assert [(item.key, isinstance(item, Failed)) for item in found] == [("a", False), *((k, True) for k in "bce")]
        assert (found[0].text, found[0].title) == ("One.\nTwo.\n", "A")
        with pytest.raises(IngestionError, match="No licence texts were found"):
            list(ScanCodeSource(tmp_path / "none").collect())


class TestFetch:
    def test_ok(self, server):
        found = local(f"{server.url}/a%20b?q=1#part")
        assert (found.data, found.media_type) == (TEXT, "text/plain")
        assert server.seen == ["/a%20b?q=1"]
        assert fetch(f"{server.url}/LICENCE-é", allow_loopback=True) == TEXT

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("status/404", r"answered with status 404 \(Not Found\); check the address"),
            ("status/500", r"answered with status 500 \(Internal Server Error\)"),
            ("loop", "more than 5 redirects"),
            ("gzip", "compressed data"),
            ("cut", "could not be read"),
            ("to/ftp://example.org/x", "only https addresses"),
            ("to/file:///etc/passwd", "only https addresses"),
            ("to/https://192.168.0.1/x", "192.168.0.1, which is not a public address"),
            ("to/https://[::ffff:10.0.0.1]/x", "10.0.0.1, which is not a public address"),
            ("to/https://169.254.169.254/latest/meta-data", "not a public address"),
            ("to/https://user:word@example.org/", "without a user name"),
        ],
    )
    def test_refusals(self, server, path, message):
        with pytest.raises(IngestionError, match=message) as caught:
            local(f"{server.url}/{path}")
        assert not isinstance(caught.value, HostError)
        assert str(caught.value).endswith(".")

    def test_redirects_are_followed(self, server):
        assert local(f"{server.url}/to/{server.url}/to//fine").url == f"{server.url}/fine"

    def test_size_is_limited_while_reading(self, server):
        with pytest.raises(IngestionError, match="larger than 2,500 bytes"):
            local(f"{server.url}/large", Limits(max_bytes=2_500))

    @pytest.mark.parametrize(
        ("path", "limits"),
        [
            ("hang", Limits(read_s=0.3)),
            ("hang", Limits(total_s=0.3)),
            ("drip", Limits(total_s=0.4)),
            ("drip-headers", Limits(total_s=0.4)),
        ],
    )
    def test_slow_servers_do_not_hold_us(self, server, path, limits):
        started = time.monotonic()
        with pytest.raises(HostError, match=r"^127\.0\.0\.1 did not answer in time; try again later\.$"):
            local(f"{server.url}/{path}", limits)
        assert time.monotonic() - started < 1.5

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "localhost",
            "[::1]",
            "0.0.0.0",  # noqa: S104  (an address to refuse, nothing is bound)
            "2130706433",
            "[::ffff:127.0.0.1]",
            "[fe80::1]",
            "[64:ff9b::7f00:1]",
        ],
    )
    def test_private_addresses_are_refused_before_a_connection(self, server, host):
        with pytest.raises(IngestionError, match=r"not a public address|could not be reached"):
            download(f"https://{host}:{server.http.server_port}/")
        assert server.seen == []

    @pytest.mark.parametrize("url", ["http://example.org/", "https://", "LICENSE", "https://a..b/", "https://x:99999/"])
    def test_other_addresses_are_refused(self, url):
        with pytest.raises(IngestionError, match=r"https"):
            download(url)

    def test_hosts_that_cannot_be_reached(self, server, closed_port):
        for url in (
            f"http://127.0.0.1:{closed_port}/",
            "https://no-such-host.invalid/",
            server.url.replace("http", "https"),
        ):
            with pytest.raises(HostError, match=r"could not be reached .*CLAUSEBOT_MIRROR"):
                local(url, Limits(connect_s=3))

    def test_a_proxy_is_used_and_cannot_reach_inside(self, server, monkeypatch):
        monkeypatch.setenv("https_proxy", server.url)
        with pytest.raises(HostError, match=r"example\.org could not be reached"):
            download("https://example.org/")
        assert server.seen == ["CONNECT example.org:443"]
        for host in ("10.0.0.1", "localhost"):
            with pytest.raises(IngestionError, match="not a public address"):
                download(f"https://{host}/")


def table(path, *rows):
    names = (
        "slug",
        "title",
        "version_date",
        "publisher",
        "kind",
        "source_url",
        "access",
        "file_url",
        "sha256",
        "faithful",
    )
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, names)
        writer.writeheader()
        writer.writerows({"kind": "license", "access": "direct", "title": row["slug"], **row} for row in rows)
    return path


def mirror(folder, *rows):
    folder.mkdir(exist_ok=True)
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([("slug", "file", "sha256"), *rows])
    return folder


SHA = hashlib.sha256(TEXT).hexdigest()


class TestOfficial:
    def test_the_table_holds_facts_only(self):
        with TABLE.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        assert len({row["slug"] for row in rows}) == len(rows) == 152
        for row in rows:
            assert row["source_url"].startswith("https://")
            assert len(bytes.fromhex(row["sha256"])) == 32
            assert (row["access"], bool(row["file_url"])) in {("direct", True), ("page", False)}
            assert row["kind"] in {"license", "acceptable_use_policy", "dataset_terms", "notice"}

    def test_the_whole_mirror(self, corpus):
        found = list(OfficialSource(mirror=corpus, fetch=None).collect())
        assert [item for item in found if isinstance(item, Failed)] == []
        assert len(found) >= 152
        assert {item.source for item in found} == {"mirror"}
        with (corpus / "index.csv").open(encoding="utf-8", newline="") as handle:
            files = {row["slug"]: corpus / row["file"] for row in csv.DictReader(handle)}
        for item in found:
            raw = files[item.key].read_text(encoding="utf-8-sig").rstrip() + "\n"
            assert raw.endswith(item.text)

    def test_a_flipped_byte_is_noticed(self, corpus, tmp_path):
        with (corpus / "index.csv").open(encoding="utf-8", newline="") as handle:
            row = next(csv.DictReader(handle))
        data = bytearray((corpus / row["file"]).read_bytes())
        data[len(data) // 2] ^= 1
        mirror(tmp_path, (row["slug"], row["file"], hashlib.sha256(data).hexdigest()))
        (tmp_path / row["file"]).write_bytes(data)
        failed = next(OfficialSource(mirror=tmp_path, fetch=None).collect())
        assert isinstance(failed, Failed)
        assert hashlib.sha256(data).hexdigest()[:12] in failed.reason
        assert row["sha256"][:12] in failed.reason

    def test_a_mirror_may_know_more_and_comes_before_the_network(self, tmp_path):
        folder = mirror(
            tmp_path / "m", ("known", "k.txt", SHA), ("own", "sub/o.txt", SHA), ("out", "../x", SHA), ("no", "n", SHA)
        )
        (folder / "sub").mkdir()
        for name in ("k.txt", "sub/o.txt", "../x"):
            (folder / name).write_bytes(TEXT)
        rows = table(tmp_path / "t.csv", {"slug": "known", "sha256": SHA, "file_url": "https://a/k", "publisher": "P"})
        known, own, out, missing = OfficialSource(rows, folder, fetch=pytest.fail).collect()
        assert (known.publisher, known.source, known.text) == ("P", "mirror", TEXT.decode())
        assert (own.title, own.kind) == ("own", DocumentKind.LICENSE)
        assert "lies outside" in out.reason
        assert "cannot be read (No such file" in missing.reason

    def test_from_the_network(self, tmp_path, server):
        rows = table(
            tmp_path / "t.csv",
            {
                "slug": "good",
                "sha256": SHA,
                "file_url": f"{server.url}/x",
                "kind": "dataset_terms",
                "version_date": "2024",
            },
            {"slug": "changed", "sha256": "0" * 64, "file_url": f"{server.url}/x"},
            {"slug": "gone", "sha256": SHA, "file_url": f"{server.url}/status/404"},
            {"slug": "page", "sha256": SHA, "access": "page", "source_url": "https://a/p"},
        )
        good, *failed = OfficialSource(rows, fetch=partial(fetch, allow_loopback=True)).collect()
        assert (good.source, good.kind, good.version) == ("web", DocumentKind.LICENSE, "2024")
        assert good.text == TEXT.decode()
        for item, words in zip(
            failed, (f"{SHA[:12]}…, not the expected {'0' * 12}…", "404", "from a mirror"), strict=True
        ):
            assert words in item.reason
        off = list(OfficialSource(rows, fetch=None).collect())
        assert [item.key for item in off if "network is not used" in item.reason] == ["good", "changed", "gone"]

    def test_a_silent_host_is_asked_once(self, tmp_path, server):
        rows = table(
            tmp_path / "t.csv", *({"slug": f"s{i}", "sha256": SHA, "file_url": f"{server.url}/hang"} for i in range(50))
        )

        def impatient(url):
            return local(url, Limits(read_s=0.2)).data

        found = list(OfficialSource(rows, fetch=impatient).collect())
        assert len({item.reason for item in found}) == 1
        assert len(found) == 50
        assert server.seen == ["/hang"]

    @pytest.mark.parametrize(
        ("index", "words"),
        [(None, "No such file"), (b"slug,file\na,b\n", "lacks sha256"), (b"\xff\xfe\x00", "not a CSV file in UTF-8")],
    )
    def test_a_bad_mirror_is_one_error(self, tmp_path, index, words):
        if index is not None:
            (tmp_path / "index.csv").write_bytes(index)
        with pytest.raises(IngestionError, match=words) as caught:
            list(OfficialSource(mirror=tmp_path).collect())
        assert str(tmp_path) in str(caught.value)
        assert "CLAUSEBOT_MIRROR must name a folder" in str(caught.value)


class TestPath:
    def test_a_folder(self, tmp_path):
        files = {
            "LICENSE": b"MIT License\n\nWords.",
            "LICENSE-2.0": b"Words in a sentence.",
            "a/USE_POLICY.md": b"# **Use [Policy](x)**\n\nNo.",
            "b/USE_POLICY.md": b"Prohibited Use Policy\n",
            "b/broken.pdf": b"%PDF-1.4",
            "b/code.py": b"print()",
            "b/empty.txt": b"",
            "b/large.txt": b"x" * 5_000_001,
            ".git/config.txt": b"hidden",
            "b/.hidden.txt": b"hidden",
        }
        for name, data in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(data)
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "b" / "gone.txt").symlink_to(tmp_path / "nothing")
        os.mkfifo(tmp_path / "b" / "pipe.txt")
        found = list(PathSource(tmp_path).collect())
        assert [item.key for item in found] == [
            "license", "license-2.0", "a-use-policy", "b-use-policy", "broken", "empty", "gone", "large", "pipe",
        ]  # fmt: skip
        failed = {item.key: item.reason for item in found if isinstance(item, Failed)}
        assert list(failed) == ["broken", "empty", "gone", "large", "pipe"]
        assert all(reason.endswith(".") and str(tmp_path) not in reason for reason in failed.values())
        assert [(item.title, item.kind.value) for item in found[:4]] == [
            ("MIT License", "license"),
            ("LICENSE-2.0", "license"),
            ("Use Policy", "acceptable_use_policy"),
            ("Prohibited Use Policy", "acceptable_use_policy"),
        ]
        assert {item.source_url for item in found[:4]} == {None}

    def test_one_file_and_nothing(self, tmp_path):
        (tmp_path / "Our Terms.HTML").write_bytes(b"<h1>Our <i>Terms</i></h1><p>1. Words.")
        (found,) = PathSource(tmp_path / "Our Terms.HTML").collect()
        assert (found.key, found.title, found.text) == ("our-terms", "Our Terms", "Our Terms\n\n1. Words.\n")
        with pytest.raises(IngestionError, match=r"There is no file or folder .*; check the path"):
            list(PathSource(tmp_path / "none").collect())

    def test_keys_stay_distinct(self, tmp_path):
        for name in ("x/a/t.md", "y/a/t.md", "y/a/t.txt", "y/a/t_.txt"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("Words.")
        keys = [item.key for item in PathSource(tmp_path).collect()]
        assert keys == ["x-a-t.md", "y-a-t.md", "y-a-t.txt", "y-a-t-.txt"]

    def test_names(self):
        assert [slug(name) for name in ("Llama 3.1 (AUP)", "许可 协议", "__")] == ["llama-3.1-aup", "许可-协议", "text"]
        assert title_of("Copyright (c) 2024 X\nOpen Terms\n====\n", "f") == "Open Terms"
        assert title_of("A sentence that goes on and on.\n", "f") == "f"
        assert kind_of("Terms", "use-policy.txt") is DocumentKind.ACCEPTABLE_USE_POLICY


class TestAddress:
    def test_a_page(self, server):
        (found,) = AddressSource(f"{server.url}/html/terms.php", fetch=local).collect()
        assert (found.key, found.title, found.text) == ("terms.php", "Page", "Page\n\n1. Words.\n")
        assert (found.source, found.source_url) == ("web", f"{server.url}/html/terms.php")

    def test_a_failure_is_one_sentence(self, server):
        (failed,) = AddressSource(f"{server.url}/status/404", fetch=local).collect()
        assert failed.key == "404"
        assert "answered with status 404" in failed.reason

    @pytest.mark.parametrize(
        ("shown", "served"),
        [
            ("https://github.com/o/r/blob/main/LICENSE", "https://raw.githubusercontent.com/o/r/main/LICENSE"),
            ("https://huggingface.co/o/m/blob/main/LICENSE", "https://huggingface.co/o/m/resolve/main/LICENSE"),
        ],
    )
    def test_pages_that_show_a_file(self, shown, served):
        asked = []

        def refuse(url):
            asked.append(url)
            raise IngestionError("No.")

        assert list(AddressSource(shown, fetch=refuse).collect()) == [Failed("license", "No.")]
        assert asked == [served]
