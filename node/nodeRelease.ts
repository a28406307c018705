/** What nodes say they are: the release of Fabric whose rules they follow, and ours. */
export const NODE_RELEASE = 'ftl-0.1.0 (Fabric 3.1)';
