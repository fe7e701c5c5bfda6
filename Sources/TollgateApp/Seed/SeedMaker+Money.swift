import PostgresClient

extension SeedMaker {
    /// A card, a paid invoice with the event that told of it, two credit packages bought and some of them spent.
    mutating func addMoney() {
        self.addCard()
        let began = self.ago(days: 60)
        let ended = self.ago(days: 30)
        let invoice = "in_\(self.tag)"
        self.data.add(
            "stripe_events",
            [
                [
                    ("id", .text("evt_\(self.tag)paid")), ("type", .text("invoice.paid")),
                    ("created", self.time(ended)),
                    ("payload", .object([("id", .text("evt_\(self.tag)paid")), ("invoice", .text(invoice))])),
                    ("status", .text("processed")), ("attempts", .integer(1)), ("error", .null),
                    ("received_at", self.time(ended.advanced(by: .seconds(2)))),
                    ("processed_at", self.time(ended.advanced(by: .seconds(3)))),
                ],
                [
                    ("id", .text("evt_\(self.tag)gone")), ("type", .text("charge.refunded")),
                    ("created", self.time(daysAgo: 2)), ("payload", .object([("id", .text("evt_\(self.tag)gone"))])),
                    ("status", .text("failed")), ("attempts", .integer(4)),
                    ("error", .text("no purchase has this charge")), ("received_at", self.time(daysAgo: 2)),
                    ("processed_at", .null),
                ],
            ])
        self.data.add(
            "invoice_shadows",
            [
                [
                    ("stripe_invoice_id", .text(invoice)), ("org_id", .text(self.acme.id)),
                    ("period_start", self.time(began)), ("period_end", self.time(ended)), ("currency", .text("usd")),
                    ("amount_due", .integer(5_150)), ("status", .text("paid")),
                    (
                        "lines",
                        .list([.object([("description", .text("PRO")), ("amount", .integer(4_900))])])
                    ), ("computed_amount", .integer(5_100)), ("created_at", self.time(ended)),
                    ("updated_at", self.time(ended)),
                ]
            ])
        self.addCredits()
    }

    private mutating func addCard() {
        let made = self.ago(days: 61)
        let expires = 1_970 + Int(self.now.unixMicroseconds / 1_000_000 / 31_556_952) + 3
        self.data.add(
            "payment_methods",
            [
                [
                    ("id", .text(self.id("pmt_", made))), ("user_id", .optional(self.people.first?.id)),
                    ("org_id", .text(self.acme.id)), ("stripe_payment_method_id", .text("pm_\(self.tag)")),
                    ("stripe_customer_id", .text("cus_\(self.tag)")), ("brand", .text("visa")),
                    ("last4", .text("4242")), ("expiry_month", .integer(8)), ("expiry_year", Self.number(expires)),
                    ("is_default", .boolean(true)), ("created_at", self.time(made)), ("updated_at", self.time(made)),
                ]
            ])
    }

    private mutating func addCredits() {
        var entries: [(Int, String, String, Int)] = [(400, "purchase", "package-popular", 28)]
        for day in stride(from: 27, through: 15, by: -3) {
            entries.append((-self.random.number(20...60), "spend", "day-\(day)", day))
        }
        entries.append((12, "refund", "day-18-refund", 17))
        entries.append((1_100, "purchase", "package-pro", 14))
        entries.append((-self.random.number(100...300), "spend", "day-7", 7))
        self.data.add(
            "credit_ledger",
            entries.map { delta, reason, reference, days in
                [
                    ("org_id", .text(self.acme.id)), ("delta", Self.number(delta)), ("reason", .text(reason)),
                    ("reference", .text("\(self.tag):\(reference)")), ("created_at", self.time(daysAgo: days)),
                ]
            })
    }
}
