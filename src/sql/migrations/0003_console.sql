-- What the operator's console asks over all partners: the newest orders, a partner's number, orders by state.
CREATE INDEX orders_by_time ON orders (created_at, id);
CREATE INDEX orders_by_reference ON orders (reference);
