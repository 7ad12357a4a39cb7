-- Views over one run's rows of the shop, in the shape of BigQuery's public data set thelook_ecommerce. `bazaard views create` runs
-- this, in one transaction; by hand, in a schema that is there:
--
--     psql -v shop=demo -v views=thelook -v first=UUID -v last=UUID -f views.sql
--
-- first and last enclose the ids of the run: runs of one schema have equal row numbers. Of a schema with one run they are
-- 00000000-0000-0000-0000-000000000000 and ffffffff-ffff-ffff-ffff-ffffffffffff.

-- The row number that an id of the run holds in its bits 18 to 57, without the six of UUID's version and variant.
CREATE FUNCTION :"views".number_of(id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((get_byte(uuid_send(id), 2) & 3)::bigint << 38)
        | (get_byte(uuid_send(id), 3)::bigint << 30)
        | (get_byte(uuid_send(id), 4) << 22)
        | (get_byte(uuid_send(id), 5) << 14)
        | ((get_byte(uuid_send(id), 6) & 15) << 10)
        | (get_byte(uuid_send(id), 7) << 2)
        | (get_byte(uuid_send(id), 8) >> 4 & 3);
COMMENT ON FUNCTION :"views".number_of(uuid) IS 'Row number that an id of the shop holds';
-- Whoever may read the views needs it, also where functions are not everybody's by default.
GRANT EXECUTE ON FUNCTION :"views".number_of(uuid) TO PUBLIC;

-- 0 to 32767, spread evenly over consecutive numbers: what the shop does not record (the age of stock) comes from it.
CREATE FUNCTION :"views".spread(number bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (number % 2147483648 * 1327217885 % 2147483648) >> 16;
COMMENT ON FUNCTION :"views".spread(bigint) IS 'A number from 0 to 32767, always the same for the same argument';
GRANT EXECUTE ON FUNCTION :"views".spread(bigint) TO PUBLIC;

CREATE VIEW :"views".distribution_centers AS
SELECT d.id, d.name, d.latitude, d.longitude, point(d.longitude, d.latitude) AS distribution_center_geom
FROM :"shop".dist_centers d;
COMMENT ON VIEW :"views".distribution_centers IS 'Warehouses that products are sent from';
COMMENT ON COLUMN :"views".distribution_centers.id IS 'Number of the centre';
COMMENT ON COLUMN :"views".distribution_centers.name IS 'City and state';
COMMENT ON COLUMN :"views".distribution_centers.latitude IS 'Degrees north';
COMMENT ON COLUMN :"views".distribution_centers.longitude IS 'Degrees east';
COMMENT ON COLUMN :"views".distribution_centers.distribution_center_geom IS 'Point (longitude, latitude); of type point instead of geography';

CREATE VIEW :"views".products AS
SELECT p.id, p.cost, p.category, p.name, p.brand, p.retail_price, p.department, p.sku, p.distribution_center_id
FROM :"shop".products p;
COMMENT ON VIEW :"views".products IS 'What the shop sells';
COMMENT ON COLUMN :"views".products.id IS 'Number of the product';
COMMENT ON COLUMN :"views".products.cost IS 'What the shop pays for a piece';
COMMENT ON COLUMN :"views".products.category IS 'For example Jeans';
COMMENT ON COLUMN :"views".products.name IS 'Title of the product';
COMMENT ON COLUMN :"views".products.brand IS 'Maker';
COMMENT ON COLUMN :"views".products.retail_price IS 'Price of a piece, now';
COMMENT ON COLUMN :"views".products.department IS 'Men or Women';
COMMENT ON COLUMN :"views".products.sku IS 'Stock keeping unit: 32 hexadecimal digits';
COMMENT ON COLUMN :"views".products.distribution_center_id IS 'Centre that sends it: distribution_centers.id';

CREATE VIEW :"views".users AS
SELECT :"views".number_of(u.id) AS id, u.first_name, u.last_name, u.email, u.age, u.gender, u.state, u.street_address, u.postal_code,
    u.city, u.country, u.latitude, u.longitude, u.traffic_source, u.created_at, point(u.longitude, u.latitude) AS user_geom
FROM :"shop".users u
WHERE u.id BETWEEN :'first' AND :'last';
COMMENT ON VIEW :"views".users IS 'Registered customers, with the address that they have now';
COMMENT ON COLUMN :"views".users.id IS 'Number of the user, from 0';
COMMENT ON COLUMN :"views".users.first_name IS 'First name';
COMMENT ON COLUMN :"views".users.last_name IS 'Last name';
COMMENT ON COLUMN :"views".users.email IS 'E-mail address, unique';
COMMENT ON COLUMN :"views".users.age IS 'Years';
COMMENT ON COLUMN :"views".users.gender IS 'F or M';
COMMENT ON COLUMN :"views".users.state IS 'State or province';
COMMENT ON COLUMN :"views".users.street_address IS 'Street and number';
COMMENT ON COLUMN :"views".users.postal_code IS 'Postal code';
COMMENT ON COLUMN :"views".users.city IS 'City';
COMMENT ON COLUMN :"views".users.country IS 'Country';
COMMENT ON COLUMN :"views".users.latitude IS 'Degrees north';
COMMENT ON COLUMN :"views".users.longitude IS 'Degrees east';
COMMENT ON COLUMN :"views".users.traffic_source IS 'What led the user to the shop: Search, Email, ...';
COMMENT ON COLUMN :"views".users.created_at IS 'Registration';
COMMENT ON COLUMN :"views".users.user_geom IS 'Point (longitude, latitude); of type point instead of geography';

CREATE VIEW :"views".orders AS
SELECT :"views".number_of(o.id) AS order_id, :"views".number_of(o.user_id) AS user_id,
    CASE o.status WHEN 'Delivered' THEN 'Complete' ELSE o.status END AS status, u.gender, o.created_at, o.returned_at, o.shipped_at,
    o.delivered_at, (SELECT sum(i.quantity) FROM :"shop".order_items i WHERE i.order_id = o.id) AS num_of_item
FROM :"shop".orders o
LEFT JOIN :"shop".users u ON u.id = o.user_id
WHERE o.id BETWEEN :'first' AND :'last';
COMMENT ON VIEW :"views".orders IS 'Orders, in the state that they are in now';
COMMENT ON COLUMN :"views".orders.order_id IS 'Number of the order, from 0';
COMMENT ON COLUMN :"views".orders.user_id IS 'Who has ordered: users.id';
COMMENT ON COLUMN :"views".orders.status IS 'Processing, Shipped, Complete, Cancelled or Returned; Complete is what the shop calls Delivered';
COMMENT ON COLUMN :"views".orders.gender IS 'Gender of the user';
COMMENT ON COLUMN :"views".orders.created_at IS 'Order placed';
COMMENT ON COLUMN :"views".orders.returned_at IS 'Sent back; NULL if it was not';
COMMENT ON COLUMN :"views".orders.shipped_at IS 'Handed to the carrier; NULL before';
COMMENT ON COLUMN :"views".orders.delivered_at IS 'Received; NULL before';
COMMENT ON COLUMN :"views".orders.num_of_item IS 'Pieces: rows that the order has in order_items';

CREATE VIEW :"views".order_items AS
SELECT :"views".number_of(i.id) * 4 + piece.no AS id, :"views".number_of(i.order_id) AS order_id,
    :"views".number_of(o.user_id) AS user_id, i.product_id, (:"views".number_of(i.id) * 4 + piece.no) * 4 AS inventory_item_id,
    CASE i.status WHEN 'Delivered' THEN 'Complete' ELSE i.status END AS status, i.created_at, i.shipped_at, i.delivered_at,
    i.returned_at, i.sale_price
FROM :"shop".order_items i
LEFT JOIN :"shop".orders o ON o.id = i.order_id
JOIN (VALUES (0), (1), (2), (3)) AS piece(no) ON piece.no < i.quantity
WHERE i.id BETWEEN :'first' AND :'last';
COMMENT ON VIEW :"views".order_items IS 'Pieces sold: an item of the shop with quantity 3 has three rows here';
COMMENT ON COLUMN :"views".order_items.id IS 'Number of the piece, ascending with the order';
COMMENT ON COLUMN :"views".order_items.order_id IS 'Order that it belongs to: orders.order_id';
COMMENT ON COLUMN :"views".order_items.user_id IS 'Who has ordered it: users.id';
COMMENT ON COLUMN :"views".order_items.product_id IS 'What it is: products.id';
COMMENT ON COLUMN :"views".order_items.inventory_item_id IS 'The piece in stock that was sold: inventory_items.id';
COMMENT ON COLUMN :"views".order_items.status IS 'Processing, Shipped, Complete, Cancelled or Returned';
COMMENT ON COLUMN :"views".order_items.created_at IS 'Order placed';
COMMENT ON COLUMN :"views".order_items.shipped_at IS 'Handed to the carrier; NULL before';
COMMENT ON COLUMN :"views".order_items.delivered_at IS 'Received; NULL before';
COMMENT ON COLUMN :"views".order_items.returned_at IS 'Sent back; NULL if it was not';
COMMENT ON COLUMN :"views".order_items.sale_price IS 'Price of this piece when it was ordered';

-- A piece that was sold came in a delivery of two or three of its product, and the others are in stock still: 37 of 100 are sold.
CREATE VIEW :"views".inventory_items AS
SELECT sold.id * 4 + stock.no AS id, sold.product_id,
    sold.created_at - interval '1 second' * (600 + :"views".spread(sold.id * 4 + stock.no) * 158) AS created_at,
    CASE stock.no WHEN 0 THEN sold.created_at END AS sold_at, p.cost, p.category AS product_category, p.name AS product_name,
    p.brand AS product_brand, p.retail_price AS product_retail_price, p.department AS product_department, p.sku AS product_sku,
    p.distribution_center_id AS product_distribution_center_id
FROM (SELECT :"views".number_of(i.id) * 4 + piece.no AS id, i.product_id, i.created_at
    FROM :"shop".order_items i
    JOIN (VALUES (0), (1), (2), (3)) AS piece(no) ON piece.no < i.quantity
    WHERE i.id BETWEEN :'first' AND :'last') AS sold
JOIN (VALUES (0), (1), (2)) AS stock(no) ON stock.no < 2 OR :"views".spread(sold.id) < 22938
LEFT JOIN :"shop".products p ON p.id = sold.product_id;
COMMENT ON VIEW :"views".inventory_items IS 'Pieces that have been in stock, those that were sold included; derived from what was sold, as the shop records no stock';
COMMENT ON COLUMN :"views".inventory_items.id IS 'Number of the piece in stock';
COMMENT ON COLUMN :"views".inventory_items.product_id IS 'What it is: products.id';
COMMENT ON COLUMN :"views".inventory_items.created_at IS 'Came into stock, up to 60 days before the sale of its delivery';
COMMENT ON COLUMN :"views".inventory_items.sold_at IS 'Ordered: order_items.created_at; NULL while it is in stock';
COMMENT ON COLUMN :"views".inventory_items.cost IS 'What the shop has paid for it: products.cost';
COMMENT ON COLUMN :"views".inventory_items.product_category IS 'products.category';
COMMENT ON COLUMN :"views".inventory_items.product_name IS 'products.name';
COMMENT ON COLUMN :"views".inventory_items.product_brand IS 'products.brand';
COMMENT ON COLUMN :"views".inventory_items.product_retail_price IS 'products.retail_price';
COMMENT ON COLUMN :"views".inventory_items.product_department IS 'products.department';
COMMENT ON COLUMN :"views".inventory_items.product_sku IS 'products.sku';
COMMENT ON COLUMN :"views".inventory_items.product_distribution_center_id IS 'products.distribution_center_id';

CREATE VIEW :"views".events AS
SELECT :"views".number_of(e.id) AS id, :"views".number_of(e.user_id) AS user_id, e.sequence_number, e.session_id::text AS session_id,
    e.created_at, e.ip_address, e.city, e.state, e.postal_code, e.browser, e.traffic_source, e.uri, e.event_type
FROM :"shop".events e
WHERE e.id BETWEEN :'first' AND :'last';
COMMENT ON VIEW :"views".events IS 'Pages seen, by session';
COMMENT ON COLUMN :"views".events.id IS 'Number of the event';
COMMENT ON COLUMN :"views".events.user_id IS 'Whose session it is: users.id; NULL for a visitor who is not known';
COMMENT ON COLUMN :"views".events.sequence_number IS 'Position in the session, from 1';
COMMENT ON COLUMN :"views".events.session_id IS 'The session, as text';
COMMENT ON COLUMN :"views".events.created_at IS 'When the page was seen';
COMMENT ON COLUMN :"views".events.ip_address IS 'Address of the visitor';
COMMENT ON COLUMN :"views".events.city IS 'City of the visitor';
COMMENT ON COLUMN :"views".events.state IS 'State or province of the visitor';
COMMENT ON COLUMN :"views".events.postal_code IS 'Postal code of the visitor';
COMMENT ON COLUMN :"views".events.browser IS 'For example Chrome';
COMMENT ON COLUMN :"views".events.traffic_source IS 'What led to the session: Email, Adwords, ...';
COMMENT ON COLUMN :"views".events.uri IS 'Path of the page';
COMMENT ON COLUMN :"views".events.event_type IS 'home, department, category, product, cart, purchase, cancel or return';
