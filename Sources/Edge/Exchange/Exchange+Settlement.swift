extension Exchange {
    func settle(_ settlement: ExchangeMachine.Settlement) {}
    func openTap(_ bytes: Span<UInt8>) {}
}
