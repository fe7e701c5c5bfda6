import Digests
import Domain
import Records

/// A key just made: the only moment when it is known.
struct NewKey {
    let text: String
    let material: KeyMaterial

    init(brand: String, environment: Domain.Environment) {
        let format = KeyFormat(brand: brand)
        // The generator throws away some bytes, so that it takes from a store that is refilled.
        var store: [UInt8] = []
        self.text = format.generate(environment: environment) {
            if store.isEmpty { store = SecureRandom.bytes(64) }
            return store.removeLast()
        }
        self.material = KeyMaterial(
            hash: SHA256Digest(of: self.text).hexText, algorithm: .sha256, prefix: format.displayPrefix(self.text))
    }
}
