"""A shop with Flask. It knows nothing of isthmus: `flask --app shop run` starts it alone."""

import os
import sqlite3
import tempfile
import time
from contextlib import closing

from flask import Flask, abort, jsonify, redirect, render_template_string, request, url_for

DATA = os.environ.get('SHOP_DATA') or os.path.join(tempfile.gettempdir(), 'isthmus-python-shop')
PRODUCTS = {'tea': 'Tea, 100 g', 'pot': 'A pot', 'cups': 'Two cups'}
REPORT_SECONDS = 1

PAGE = """<!doctype html>
<title>The shop</title>
<link rel="icon" href="data:,">
<h1>The shop</h1>
<form method="post" action="{{ url_for('order') }}">
  <label>Your name <input name="name" maxlength="40" required></label>
  {% for key, name in products.items() %}
  <label><input type="radio" name="product" value="{{ key }}" required> {{ name }}</label>
  {% endfor %}
  <button>Order</button>
</form>
<ol reversed>{% for name, product in orders %}<li>{{ name }}: {{ products[product] }}</li>{% endfor %}</ol>
"""

app = Flask(__name__)


def database():
    """Orders are in a file, because each process has variables of its own."""
    os.makedirs(DATA, exist_ok=True)
    connection = sqlite3.connect(os.path.join(DATA, 'orders.sqlite'), timeout=10)
    connection.execute('CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, name TEXT, product TEXT)')
    return closing(connection)


def newest_orders():
    with database() as orders:
        return orders.execute('SELECT name, product FROM orders ORDER BY id DESC LIMIT 20').fetchall()


@app.get('/')
def index():
    return render_template_string(PAGE, products=PRODUCTS, orders=newest_orders())


@app.get('/products')
def products():
    return jsonify(PRODUCTS)


@app.get('/orders')
def orders():
    return jsonify([{'name': name, 'product': PRODUCTS[product]} for name, product in newest_orders()])


@app.post('/orders')
def order():
    name, product = request.form.get('name', '')[:40], request.form.get('product')
    if product not in PRODUCTS:
        abort(400, 'there is no such product')
    with database() as orders:
        orders.execute('INSERT INTO orders (name, product) VALUES (?, ?)', (name or 'a guest', product))
        orders.commit()
    return redirect(url_for('index'), code=303)


@app.get('/report')
def report():
    """Keeps its process busy for a second, as a report over all orders would."""
    end = time.monotonic() + REPORT_SECONDS
    steps = 0
    while time.monotonic() < end:
        steps += 1
    return jsonify(pid=os.getpid(), steps=steps, orders=len(newest_orders()))
