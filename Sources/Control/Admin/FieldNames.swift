import HTTPTypes

extension HTTPField.Name {
    // Constant tokens: the initialiser fails only for characters that no field name may have.
    static var xRequestID: Self { Self("X-Request-Id") ?? .contentLocation }
    static var xTollgateError: Self { Self("X-Tollgate-Error") ?? .contentLocation }
    static var idempotencyKey: Self { Self("Idempotency-Key") ?? .contentLocation }
    static var idempotentReplayed: Self { Self("Idempotent-Replayed") ?? .contentLocation }
    static var retryAfterSeconds: Self { Self("Retry-After") ?? .contentLocation }
}
