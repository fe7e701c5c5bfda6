import Testing
import LoadModel
@Test func placeholder() {}
