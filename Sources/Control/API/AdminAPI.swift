/// Every operation of the admin API.
enum AdminAPI {
    static let operations: [Operation] =
        MetaOperations.all + UserOperations.all + OrgOperations.all + MemberOperations.all + TokenOperations.all
        + KeyOperations.all + PlanOperations.all + LimitOperations.all + FlagOperations.all + SystemOperations.all
        + AuditOperations.all + RecordOperations.all
}
