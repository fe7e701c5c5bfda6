extension AdmissionModel {
    func name(of group: BucketGroup, _ request: AdmissionRequest) -> GroupName {
        GroupName(
            orgID: request.plan.orgID, environment: request.plan.environment, scope: group.scope,
            subject: group.scope == .ip ? request.address : group.subject, source: group.source)
    }

    func name(of rule: AdmissionPlan.LeaseRule, _ request: AdmissionRequest) -> LeaseName {
        LeaseName(
            group: GroupName(
                orgID: request.plan.orgID, environment: request.plan.environment, scope: rule.scope,
                subject: rule.scope == .ip ? request.address : rule.subject, source: rule.source),
            name: rule.name)
    }

    func name(of quota: AdmissionPlan.QuotaRule, _ plan: AdmissionPlan, _ month: Int) -> QuotaName {
        QuotaName(orgID: plan.orgID, environment: plan.environment, meter: quota.meter, month: month)
    }

    func name(of claim: ClaimRequest, _ plan: AdmissionPlan, _ rule: AdmissionPlan.ClaimRule) -> ClaimName {
        ClaimName(
            orgID: plan.orgID, environment: plan.environment, keyID: rule.scope == .apiKey ? plan.keyID : "",
            keyDigest: claim.keyDigest)
    }
}
