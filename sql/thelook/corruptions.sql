-- The negative control of invariants.sql: each statement breaks one invariant, so that its query must return a row.
--
-- Form: the prepare block, then for each a line "-- breaks: NAME OF THE INVARIANT" and one statement. Run in one transaction
-- each, with search_path set: prepare, the statement, the query of that name, ROLLBACK. As superuser: prepare turns off what
-- the schema itself would refuse (triggers, foreign keys, checks, unique indexes, NOT NULL). Needs a schema with orders in
-- every state: some thousand ticks with --lifecycle complete --erase-prob 0.1, ended while orders are still open.

-- prepare
SET LOCAL session_replication_role = replica;
DO $$
DECLARE statement text;
BEGIN
    FOR statement IN
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname)
        FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace AND conrelid <> 0 AND contype IN ('c', 'f', 'p', 'u')
        ORDER BY contype = 'f' DESC, conname
    LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN undefined_object THEN NULL;
        END;
    END LOOP;
    FOR statement IN
        SELECT format('DROP INDEX %s', indexrelid::regclass)
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE indisunique AND relnamespace = current_schema()::regnamespace
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN
        SELECT format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', attrelid::regclass, attname)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND attnotnull
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;

-- breaks: I1 orders have their users
DELETE FROM users WHERE id = (SELECT user_id FROM orders LIMIT 1);

-- breaks: I1 items have their orders
DELETE FROM orders WHERE id = (SELECT id FROM orders LIMIT 1);

-- breaks: I1 items have their products
DELETE FROM products WHERE id = (SELECT product_id FROM order_items LIMIT 1);

-- breaks: I1 products have their distribution centres
DELETE FROM dist_centers WHERE id = (SELECT distribution_center_id FROM products LIMIT 1);

-- breaks: I1 events have their users
UPDATE events SET user_id = gen_random_uuid() WHERE id = (SELECT id FROM events WHERE user_id IS NOT NULL LIMIT 1);

-- breaks: I1 events have their products
UPDATE events SET product_id = -1 WHERE id = (SELECT id FROM events WHERE product_id IS NOT NULL LIMIT 1);

-- breaks: I2 ids are unique
INSERT INTO events SELECT * FROM events LIMIT 1;

-- breaks: I3 e-mails are unique in any case
UPDATE users SET email = (SELECT upper(email) FROM users ORDER BY id LIMIT 1)
WHERE id = (SELECT id FROM users ORDER BY id OFFSET 1 LIMIT 1);

-- breaks: I3 e-mails are of example domains
UPDATE users SET email = 'somebody@gmail.com' WHERE id = (SELECT id FROM users LIMIT 1);

-- breaks: I4 nothing is missing
UPDATE orders SET ship_city = NULL WHERE id = (SELECT id FROM orders LIMIT 1);

-- breaks: I4 no text is empty or says null
UPDATE users SET city = 'null' WHERE id = (SELECT id FROM users LIMIT 1);

-- breaks: I5 users are born before they change, and not in the future
UPDATE users SET updated_at = created_at - interval '1 microsecond' WHERE id = (SELECT id FROM users LIMIT 1);

-- breaks: I5 users are grown up
UPDATE users SET age = 17 WHERE id = (SELECT id FROM users LIMIT 1);

-- breaks: I6 no event before its user was born
UPDATE users SET created_at = updated_at + interval '1000 days' WHERE id = (SELECT user_id FROM events WHERE user_id IS NOT NULL LIMIT 1);

-- breaks: I6 users buy when they are older than the longest session
UPDATE users SET created_at = o.created_at - interval '9 minutes'
FROM (SELECT user_id, min(created_at) AS created_at FROM orders GROUP BY user_id LIMIT 1) o WHERE users.id = o.user_id;

-- breaks: I7 order time line
UPDATE orders SET shipped_at = created_at WHERE id = (SELECT id FROM orders WHERE shipped_at IS NOT NULL LIMIT 1);

-- breaks: I7 nothing lies in the future
UPDATE events SET created_at = clock_timestamp() + interval '1 hour' WHERE id = (SELECT id FROM events LIMIT 1);

-- breaks: I8 stamps that exclude or need each other
UPDATE orders SET cancelled_at = shipped_at WHERE id = (SELECT id FROM orders WHERE shipped_at IS NOT NULL LIMIT 1);

-- breaks: I9 items have the stamps of their order
UPDATE order_items SET created_at = created_at - interval '1 microsecond' WHERE id = (SELECT id FROM order_items LIMIT 1);

-- breaks: I10 the version of an order is its last stamp
UPDATE orders SET updated_at = updated_at + interval '1 microsecond' WHERE id = (SELECT id FROM orders LIMIT 1);

-- breaks: I11 moments have a time zone
ALTER TABLE orders ALTER COLUMN shipped_at TYPE timestamp;

-- breaks: I12 the status of an order follows from its stamps
UPDATE orders SET status = 'Shipped' WHERE id = (SELECT id FROM orders WHERE status = 'Processing' LIMIT 1);

-- breaks: I13 items have the status of their order
UPDATE order_items SET status = 'Shipped' WHERE id = (SELECT id FROM order_items WHERE status = 'Processing' LIMIT 1);

-- breaks: I15 closed orders are never touched again
UPDATE orders SET updated_at = updated_at + interval '1 second' WHERE id = (SELECT id FROM orders WHERE status = 'Cancelled' LIMIT 1);

-- breaks: I16 orders have as many items as they say
DELETE FROM order_items WHERE id = (SELECT id FROM order_items LIMIT 1);

-- breaks: I17 quantities are positive
UPDATE order_items SET quantity = 0 WHERE id = (SELECT id FROM order_items LIMIT 1);

-- breaks: I17 no product twice in an order
INSERT INTO order_items SELECT * FROM order_items LIMIT 1;

-- breaks: I18 products cost less than they are sold for
UPDATE products SET cost = retail_price WHERE id = (SELECT id FROM products LIMIT 1);

-- breaks: I18 items are sold at the retail price
UPDATE order_items SET sale_price = sale_price + 0.01 WHERE id = (SELECT id FROM order_items LIMIT 1);

-- breaks: I20 sequence numbers are 1 to n
DELETE FROM events WHERE id = (SELECT id FROM events WHERE sequence_number = 2 LIMIT 1);

-- breaks: I20 the events of a session follow each other within ten minutes
UPDATE events SET created_at = created_at - interval '11 minutes' WHERE id = (SELECT id FROM events WHERE sequence_number = 1 LIMIT 1);

-- breaks: I21 I26 a session has one user, address, browser, source and place
UPDATE events SET user_id = NULL WHERE id = (SELECT id FROM events WHERE user_id IS NOT NULL AND sequence_number = 2 LIMIT 1);

-- breaks: I22 an order has one purchase event, at its moment, and there is none without an order
UPDATE events SET created_at = created_at + interval '1 microsecond' WHERE id = (SELECT id FROM events WHERE event_type = 'purchase' LIMIT 1);

-- breaks: I22 a session buys once, at its end
UPDATE events SET event_type = 'purchase' WHERE id = (SELECT id FROM events WHERE event_type = 'product' LIMIT 1);

-- breaks: I23 what is bought was in the cart of that session
UPDATE order_items SET product_id = (SELECT max(id) FROM products WHERE id <> product_id)
WHERE id = (SELECT id FROM order_items LIMIT 1);

-- breaks: I23 a cart after a view of that product
UPDATE events SET event_type = 'home' WHERE id = (SELECT id FROM events WHERE event_type = 'product' AND user_id IS NOT NULL LIMIT 1);

-- breaks: I23 the uri says what the event is
UPDATE events SET uri = '/department/men/category/elephants' WHERE id = (SELECT id FROM events WHERE event_type = 'department' LIMIT 1);

-- breaks: I24 one cancel or return event for each item that was cancelled or returned, and no other
DELETE FROM events WHERE id = (SELECT id FROM events WHERE event_type = 'return' LIMIT 1);

-- breaks: I24 nobody anonymous buys, cancels or returns
UPDATE events SET user_id = NULL WHERE id = (SELECT id FROM events WHERE event_type = 'purchase' LIMIT 1);

-- breaks: I25 who is forgotten is named nowhere
UPDATE users SET last_name = 'Miller' WHERE id = (SELECT id FROM users WHERE last_name = 'erased' LIMIT 1);

-- breaks: I25 who is forgotten neither visits nor buys
UPDATE users SET updated_at = created_at
WHERE id = (SELECT u.id FROM users u JOIN orders o ON o.user_id = u.id WHERE u.last_name = 'erased' LIMIT 1);

-- breaks: I26 a session after the last move comes from where its user lives
UPDATE events SET city = 'Atlantis'
WHERE id = (SELECT e.id FROM events e JOIN users u ON u.id = e.user_id
            WHERE e.sequence_number = 1 AND e.created_at > u.updated_at LIMIT 1);

-- breaks: I26 an order after the last move goes to where its user lives
UPDATE orders SET ship_street_address = 'Nowhere 1'
WHERE id = (SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE o.created_at >= u.updated_at LIMIT 1);

-- breaks: I27 sessions of one user do not overlap
UPDATE events SET user_id = (SELECT user_id FROM events WHERE event_type = 'purchase' ORDER BY created_at DESC LIMIT 1)
WHERE session_id IN (SELECT session_id FROM events WHERE event_type = 'purchase' ORDER BY created_at DESC OFFSET 1 LIMIT 20);

-- breaks: I28 a place is one spot on earth
UPDATE users SET latitude = -latitude - 10
WHERE id = (SELECT min(id::text)::uuid FROM users GROUP BY country, state, city, postal_code HAVING count(*) > 1 LIMIT 1);

-- breaks: I29 one name per country
UPDATE users SET country = 'Brasil' WHERE id = (SELECT id FROM users LIMIT 1);
