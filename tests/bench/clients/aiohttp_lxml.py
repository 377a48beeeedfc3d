#!/usr/bin/python3
"""The sign-in of the speed test with aiohttp and lxml.

    aiohttp_lxml.py PORT BUNDLE.pem SESSIONS CONCURRENCY

One ClientSession (connections, cookies) a sign-in, one TLS context for all."""
import asyncio
import json
import resource
import ssl
import sys
import time

import aiohttp
import lxml.html

WARM_UP = 20


def form_of(page, selector, **values):
    form = page.xpath(selector)[0]
    data = {field.get("name"): field.get("value", "") for field in form.xpath(".//input[@name]")}
    data.update(values)
    return form.get("action"), data


async def get_page(session, url):
    async with session.get(url) as response:
        response.raise_for_status()
        return lxml.html.fromstring(await response.read())


async def post_page(session, url, data):
    async with session.post(url, data=data) as response:
        response.raise_for_status()
        return lxml.html.fromstring(await response.read())


async def get_json(session, url, headers):
    async with session.get(url, headers=headers) as response:
        response.raise_for_status()
        return json.loads(await response.read())


async def sign_in(base, context):
    jar = aiohttp.CookieJar(unsafe=True)        # the portal is an address, not a name
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(base, connector=connector, cookie_jar=jar) as session:
        page = await get_page(session, "/")
        action, data = form_of(page, "//form[@id='signin']", username="bench.customer@mail.test",
                               password="Correct-Horse-9")
        page = await post_page(session, action, data)
        action, data = form_of(page, "//form[@id='mfa']", code="424242")
        page = await post_page(session, action, data)
        if not page.xpath("//*[@id='account-home']"):
            raise ValueError("not signed in")
        headers = {"X-Api-Token": page.xpath("//meta[@name='api-token']/@content")[0]}
        await get_json(session, "/api/profile", headers)
        meters = []
        for account in (await get_json(session, "/api/accounts", headers))["accounts"]:
            listed = await get_json(session, "/api/accounts/%d/meters" % account["id"], headers)
            meters += [(account["number"], m["serial"], m["kind"], m["rate"], account["address"]) for m in listed["meters"]]
        return meters


async def run(base, context, sessions, concurrency):
    left, latency, meters = sessions, [], 0

    async def worker():
        nonlocal left, meters
        while left > 0:
            left -= 1
            start = time.monotonic()
            found = len(await sign_in(base, context))
            meters += found
            latency.append((time.monotonic() - start) * 1e3)

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return sorted(latency), meters


def cpu_ms():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3


async def main():
    base, context = "https://127.0.0.1:%s" % sys.argv[1], ssl.create_default_context(cafile=sys.argv[2])
    sessions, concurrency = int(sys.argv[3]), int(sys.argv[4])
    await run(base, context, WARM_UP, concurrency)
    cpu, start = cpu_ms(), time.monotonic()
    latency, meters = await run(base, context, sessions, concurrency)
    cpu = cpu_ms() - cpu
    print(json.dumps({"client": "aiohttp_lxml", "sessions": sessions, "failed": 0, "meters": meters,
                      "cpu_ms_per_session": round(cpu / sessions, 3), "p50_ms": round(latency[sessions // 2], 2),
                      "p99_ms": round(latency[sessions * 99 // 100], 2), "wall_ms": round((time.monotonic() - start) * 1e3)}))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: aiohttp_lxml.py PORT BUNDLE.pem SESSIONS CONCURRENCY")
    asyncio.run(main())
