//! Every table that is moved, in an order in which each only refers to tables above it.

/// A table that is moved.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its primary key.
    pub key: &'static [&'static str],
    /// How many rows the schema itself puts there; what is moved takes their place.
    pub seeded: i64,
    /// The column that refers to other rows of the same table.
    pub own: Option<&'static str>,
    /// The column that counts itself.
    pub serial: Option<&'static str>,
}

impl Table {
    const fn new(name: &'static str, key: &'static [&'static str]) -> Self {
        Self { name, key, seeded: 0, own: None, serial: None }
    }

    const fn seeded(self, seeded: i64) -> Self {
        Self { seeded, ..self }
    }

    const fn own(self, column: &'static str) -> Self {
        Self { own: Some(column), ..self }
    }

    const fn serial(self, column: &'static str) -> Self {
        Self { serial: Some(column), ..self }
    }
}

/// All of them but `schema_version`, which belongs to the database and not to what is in it.
pub(super) const TABLES: &[Table] = &[
    Table::new("directory_version", &["id"]).seeded(1),
    Table::new("plans", &["id"]).seeded(3),
    Table::new("plan_policies", &["plan", "name"]).seeded(9),
    Table::new("partners", &["id"]),
    Table::new("partner_keys", &["id"]).own("rotated_from"),
    Table::new("param2_doors", &["partner"]),
    Table::new("apps", &["app_key"]),
    Table::new("app_tokens", &["digest"]),
    Table::new("app_uses", &["app_key"]),
    Table::new("app_redirects", &["app_key", "address"]),
    Table::new("buyer_accounts", &["account"]),
    Table::new("overrides", &["id"]),
    Table::new("earned_points", &["partner", "policy", "day"]),
    Table::new("audit", &["id"]),
    Table::new("upstream_names", &["world", "kind", "name"]),
    Table::new("quotes", &["id"]),
    Table::new("orders", &["id"]),
    Table::new("order_events", &["order_id", "version"]),
    Table::new("order_buyers", &["partner", "mode", "reference"]),
    Table::new("idempotency", &["partner", "mode", "key"]),
    Table::new("payments", &["id"]),
    Table::new("payment_orders", &["payment", "order_id"]),
    Table::new("events", &["serial"]).serial("serial"),
    Table::new("event_head", &["id"]).seeded(1),
    Table::new("feed_cursors", &["feed"]),
    Table::new("changes_left_out", &["feed", "kind", "reference"]),
    Table::new("comparisons", &["mode"]),
    Table::new("walks", &["name"]),
    Table::new("event_cursors", &["partner", "mode"]),
    Table::new("webhook_endpoints", &["id"]),
    Table::new("webhook_patterns", &["endpoint", "pattern"]),
    Table::new("webhook_deliveries", &["id"]),
    Table::new("webhook_attempts", &["delivery", "number"]),
    Table::new("message_marks", &["app_key"]),
    Table::new("message_confirms", &["app_key", "position"]),
    Table::new("shipments", &["mode", "id"]),
    Table::new("consignments", &["id"]),
    Table::new("consignment_orders", &["consignment", "order_id"]),
    Table::new("consignment_events", &["consignment", "version"]),
    Table::new("consignment_reports", &["id"]),
    Table::new("consignment_outbound", &["partner", "mode", "taken_as"]),
    Table::new("vouchers", &["id"]),
    Table::new("refunds", &["id"]),
    Table::new("refund_events", &["refund_id", "version"]),
    Table::new("inquiries", &["id"]),
    Table::new("inquiry_events", &["inquiry_id", "version"]),
    Table::new("inquiry_suppliers", &["inquiry_id", "supplier"]),
    Table::new("source_matches", &["id"]),
    Table::new("source_match_items", &["source_match", "place"]),
    Table::new("operators", &["name"]),
    Table::new("operator_sessions", &["digest"]),
    Table::new("operator_tokens", &["id"]),
    Table::new("partner_baselines", &["partner"]),
    Table::new("limit_notices", &["partner", "mode", "policy", "day"]),
    Table::new("usage_days", &["partner", "mode", "day", "operation", "outcome", "code"]),
    Table::new("usage_minutes", &["partner", "mode", "minute", "node", "flush"]),
    Table::new("usage_nodes", &["node"]),
    Table::new("translations", &["language", "digest"]),
    Table::new("followed_offers", &["mode", "offer"]),
    Table::new("follows", &["partner", "mode", "offer"]),
    Table::new("follow_counts", &["partner", "mode"]),
    Table::new("storefront_hosts", &["partner", "host"]),
    Table::new("storefronts", &["partner", "mode"]),
    Table::new("referral_clicks", &["partner", "mode", "country", "day"]),
    Table::new("referred_orders", &["click"]),
    Table::new("images", &["id"]),
];
