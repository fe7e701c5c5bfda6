import Domain
import HTTPWire
import HotStore
import RedisClient

extension Exchange {
    enum KeyReading { case unkeyed, gather, gathered, refused(ProblemCode) }
    func readKey(_ bytes: Span<UInt8>, _ route: CompiledRoute) -> KeyReading { .unkeyed }
    func decide() {
        self.machine.begin(ExchangeMachine.Terms())
        self.forward() }
    func decided(_ reply: AdmissionReply, position: Int, of count: Int) {}
    func storeFailed(_ failure: RedisFailure) {}
}
