/// Records that are mostly read: what was used, done, sent and paid.
enum RecordOperations {
    static let all: [Operation] =
        UsageOperations.all + IdempotencyOperations.all + JobOperations.all + WebhookEndpointOperations.all
        + WebhookDeliveryOperations.all + CreditOperations.all + PaymentMethodOperations.all + InvoiceOperations.all
        + StripeEventOperations.all

    /// Parameters of their paths.
    static let parameters: [String: (rule: TextRule, description: String)] = [
        "job": (.id("job"), "The job."),
        "endpoint": (.id("whe"), "The endpoint."),
        "delivery": (.id("whd"), "The delivery."),
        "payment_method": (.id("pmt"), "The card."),
        "event": (.stripe("evt"), "Stripe's id of the event."),
        "invoice": (.stripe("in"), "Stripe's id of the invoice."),
        "environment": (.characters("a-z", 4...4, expected: "live or test", example: "live"), "`live` or `test`."),
        "idempotency_key": (
            .characters("!#-+\\x2d-\\x5b\\x5d-~", 1...255, expected: "an Idempotency-Key", example: "order-4711"),
            "The key's value, without quotes."
        ),
    ]
}
