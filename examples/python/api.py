"""Prices with FastAPI. It knows nothing of isthmus: `uvicorn api:app` starts it alone."""

import asyncio
import math
import time

from fastapi import FastAPI, HTTPException, WebSocket

BASE = {'tea': 4.5, 'pot': 28.0, 'cups': 12.0}
INTERVAL_SECONDS = 0.1

app = FastAPI()


def price_of(product: str) -> float:
    """A price that goes up and down, the same in each process."""
    return round(BASE[product] * (1 + 0.1 * math.sin(time.time() + BASE[product])), 2)


@app.get('/prices/{product}')
async def price(product: str):
    if product not in BASE:
        raise HTTPException(404, 'there is no such product')
    return {'product': product, 'price': price_of(product)}


@app.websocket('/prices')
async def prices(socket: WebSocket):
    await socket.accept()
    while True:
        await socket.send_json({product: price_of(product) for product in BASE})
        await asyncio.sleep(INTERVAL_SECONDS)
