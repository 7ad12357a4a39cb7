-- Made by bazaard from the tables of its scenario; do not edit.
-- Names are unqualified: set search_path to the schema first.

CREATE TABLE dist_centers (
    id bigint NOT NULL,
    name text NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    CONSTRAINT dist_centers_pkey PRIMARY KEY (id)
);

CREATE TABLE products (
    id bigint NOT NULL,
    cost numeric(12,2) NOT NULL,
    category text NOT NULL,
    name text NOT NULL,
    brand text NOT NULL,
    retail_price numeric(12,2) NOT NULL,
    department text NOT NULL,
    sku text NOT NULL,
    distribution_center_id bigint NOT NULL,
    updated_at timestamp with time zone,
    CONSTRAINT products_pkey PRIMARY KEY (id),
    CONSTRAINT products_price_check CHECK (0 < cost AND cost < retail_price)
);
CREATE UNIQUE INDEX products_sku_key ON products (sku);

CREATE TABLE users (
    id uuid NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    age integer NOT NULL,
    gender text NOT NULL,
    street_address text NOT NULL,
    postal_code text NOT NULL,
    city text NOT NULL,
    state text NOT NULL,
    country text NOT NULL,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    traffic_source text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_age_check CHECK (age BETWEEN 18 AND 120),
    CONSTRAINT users_email_check CHECK (email = lower(email)),
    CONSTRAINT users_gender_check CHECK (gender IN ('F', 'M')),
    CONSTRAINT users_time_check CHECK (created_at <= updated_at)
);
CREATE UNIQUE INDEX users_email_key ON users (email);

CREATE TABLE orders (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    status text NOT NULL,
    num_of_items integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    shipped_at timestamp with time zone,
    delivered_at timestamp with time zone,
    returned_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    ship_street_address text,
    ship_postal_code text,
    ship_city text,
    ship_state text,
    ship_country text,
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_num_of_items_check CHECK (num_of_items >= 1),
    CONSTRAINT orders_status_check CHECK (status = CASE WHEN cancelled_at IS NOT NULL THEN 'Cancelled' WHEN returned_at IS NOT NULL THEN 'Returned' WHEN delivered_at IS NOT NULL THEN 'Delivered' WHEN shipped_at IS NOT NULL THEN 'Shipped' ELSE 'Processing' END),
    CONSTRAINT orders_time_check CHECK (created_at <= updated_at AND shipped_at > created_at AND delivered_at > shipped_at AND returned_at > delivered_at AND cancelled_at > created_at AND (shipped_at IS NULL OR cancelled_at IS NULL) AND (delivered_at IS NULL OR shipped_at IS NOT NULL) AND (returned_at IS NULL OR delivered_at IS NOT NULL))
);
CREATE INDEX orders_user_id_idx ON orders (user_id);

CREATE TABLE order_items (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    product_id bigint NOT NULL,
    status text NOT NULL,
    quantity integer NOT NULL,
    sale_price numeric(12,2) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    shipped_at timestamp with time zone,
    delivered_at timestamp with time zone,
    returned_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    CONSTRAINT order_items_pkey PRIMARY KEY (id),
    CONSTRAINT order_items_quantity_check CHECK (quantity >= 1),
    CONSTRAINT order_items_sale_price_check CHECK (sale_price > 0),
    CONSTRAINT order_items_status_check CHECK (status = CASE WHEN cancelled_at IS NOT NULL THEN 'Cancelled' WHEN returned_at IS NOT NULL THEN 'Returned' WHEN delivered_at IS NOT NULL THEN 'Delivered' WHEN shipped_at IS NOT NULL THEN 'Shipped' ELSE 'Processing' END),
    CONSTRAINT order_items_time_check CHECK (created_at <= updated_at AND shipped_at > created_at AND delivered_at > shipped_at AND returned_at > delivered_at AND cancelled_at > created_at AND (shipped_at IS NULL OR cancelled_at IS NULL) AND (delivered_at IS NULL OR shipped_at IS NOT NULL) AND (returned_at IS NULL OR delivered_at IS NOT NULL))
);
CREATE UNIQUE INDEX order_items_order_id_product_id_key ON order_items (order_id, product_id);

CREATE TABLE events (
    id uuid NOT NULL,
    user_id uuid,
    sequence_number integer NOT NULL,
    session_id uuid NOT NULL,
    ip_address text NOT NULL,
    city text NOT NULL,
    state text NOT NULL,
    postal_code text NOT NULL,
    browser text NOT NULL,
    traffic_source text NOT NULL,
    uri text NOT NULL,
    event_type text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    product_id bigint,
    CONSTRAINT events_pkey PRIMARY KEY (id),
    CONSTRAINT events_event_type_check CHECK (event_type IN ('home', 'department', 'category', 'product', 'cart', 'purchase', 'cancel', 'return')),
    CONSTRAINT events_sequence_number_check CHECK (sequence_number >= 1)
);
CREATE UNIQUE INDEX events_session_id_sequence_number_key ON events (session_id, sequence_number);
CREATE INDEX events_user_id_idx ON events (user_id);

CREATE TABLE heartbeat (
    id integer NOT NULL,
    ts timestamp with time zone NOT NULL,
    CONSTRAINT heartbeat_pkey PRIMARY KEY (id)
);

ALTER TABLE products ADD CONSTRAINT products_distribution_center_id_fkey FOREIGN KEY (distribution_center_id) REFERENCES dist_centers (id);
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE order_items ADD CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id);
ALTER TABLE order_items ADD CONSTRAINT order_items_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (id);
ALTER TABLE events ADD CONSTRAINT events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id);
