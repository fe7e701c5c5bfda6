public import Domain
public import PostgresClient

// Kept in the records by their raw values.
extension Environment: PostgresEncodable, PostgresDecodable {}
extension KeyHashAlgorithm: PostgresEncodable, PostgresDecodable {}
extension KeyRecord.Status: PostgresEncodable, PostgresDecodable {}
extension OrgRecord.Status: PostgresEncodable, PostgresDecodable {}
extension LimitScope: PostgresEncodable, PostgresDecodable {}
