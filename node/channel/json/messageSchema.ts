/**
 * Fabric's messages as its .proto files define them: of each field its number, name and type; `list` for repeated fields, `map` for maps
 * from text, `oneof` for members of a union. Only what the JSON form of blocks and configurations can hold.
 */
const MESSAGES: Readonly<Record<string, string>> = {
  'common.Block': '1 header common.BlockHeader, 2 data common.BlockData, 3 metadata common.BlockMetadata',
  'common.BlockData': '1 data list bytes',
  'common.BlockDataHashingStructure': '1 width uint32',
  'common.BlockHeader': '1 number uint64, 2 previous_hash bytes, 3 data_hash bytes',
  'common.BlockMetadata': '1 metadata list bytes',
  'common.Capabilities': '1 capabilities map common.Capability',
  'common.Capability': '',
  'common.ChannelHeader': `
    1 type int32, 2 version int32, 3 timestamp google.protobuf.Timestamp, 4 channel_id string, 5 tx_id string,
    6 epoch uint64, 7 extension bytes, 8 tls_cert_hash bytes`,
  'common.Config': '1 sequence uint64, 2 channel_group common.ConfigGroup',
  'common.ConfigEnvelope': '1 config common.Config, 2 last_update common.Envelope',
  'common.ConfigGroup': `
    1 version uint64, 2 groups map common.ConfigGroup, 3 values map common.ConfigValue,
    4 policies map common.ConfigPolicy, 5 mod_policy string`,
  'common.ConfigPolicy': '1 version uint64, 2 policy common.Policy, 3 mod_policy string',
  'common.ConfigSignature': '1 signature_header bytes, 2 signature bytes',
  'common.ConfigUpdate': `
    1 channel_id string, 2 read_set common.ConfigGroup, 3 write_set common.ConfigGroup,
    5 isolated_data map bytes`,
  'common.ConfigUpdateEnvelope': '1 config_update bytes, 2 signatures list common.ConfigSignature',
  'common.ConfigValue': '1 version uint64, 2 value bytes, 3 mod_policy string',
  'common.Consenter': `
    1 id uint32, 2 host string, 3 port uint32, 4 msp_id string, 5 identity bytes, 6 client_tls_cert bytes,
    7 server_tls_cert bytes`,
  'common.Consortium': '1 name string',
  'common.Envelope': '1 payload bytes, 2 signature bytes',
  'common.HashingAlgorithm': '1 name string',
  'common.Header': '1 channel_header bytes, 2 signature_header bytes',
  'common.ImplicitMetaPolicy': '1 sub_policy string, 2 rule common.ImplicitMetaPolicy.Rule',
  'common.LastConfig': '1 index uint64',
  'common.MSPPrincipal': '1 principal_classification common.MSPPrincipal.Classification, 2 principal bytes',
  'common.MSPRole': '1 msp_identifier string, 2 role common.MSPRole.MSPRoleType',
  'common.Metadata': '1 value bytes, 2 signatures list common.MetadataSignature',
  'common.MetadataSignature': '1 signature_header bytes, 2 signature bytes, 3 identifier_header bytes',
  'common.OrdererAddresses': '1 addresses list string',
  'common.OrdererBlockMetadata': '1 last_config common.LastConfig, 2 consenter_metadata bytes',
  'common.Orderers': '1 consenter_mapping list common.Consenter',
  'common.OrganizationUnit':
    '1 msp_identifier string, 2 organizational_unit_identifier string, 3 certifiers_identifier bytes',
  'common.Payload': '1 header common.Header, 2 data bytes',
  'common.Policy': '1 type int32, 2 value bytes',
  'common.SignatureHeader': '1 creator bytes, 2 nonce bytes',
  'common.SignaturePolicy': '1 signed_by int32 oneof, 2 n_out_of common.SignaturePolicy.NOutOf oneof',
  'common.SignaturePolicy.NOutOf': '1 n int32, 2 rules list common.SignaturePolicy',
  'common.SignaturePolicyEnvelope':
    '1 version int32, 2 rule common.SignaturePolicy, 3 identities list common.MSPPrincipal',
  'etcdraft.ConfigMetadata': '1 consenters list etcdraft.Consenter, 2 options etcdraft.Options',
  'etcdraft.Consenter': '1 host string, 2 port uint32, 3 client_tls_cert bytes, 4 server_tls_cert bytes',
  'etcdraft.Options': `
    1 tick_interval string, 2 election_tick uint32, 3 heartbeat_tick uint32, 4 max_inflight_blocks uint32,
    5 snapshot_interval_size uint32`,
  'google.protobuf.Empty': '',
  'google.protobuf.Timestamp': '1 seconds int64, 2 nanos int32',
  'kvrwset.HashedRWSet': `
    1 hashed_reads list kvrwset.KVReadHash, 2 hashed_writes list kvrwset.KVWriteHash,
    3 metadata_writes list kvrwset.KVMetadataWriteHash`,
  'kvrwset.KVMetadataEntry': '1 name string, 2 value bytes',
  'kvrwset.KVMetadataWrite': '1 key string, 2 entries list kvrwset.KVMetadataEntry',
  'kvrwset.KVMetadataWriteHash': '1 key_hash bytes, 2 entries list kvrwset.KVMetadataEntry',
  'kvrwset.KVRWSet': `
    1 reads list kvrwset.KVRead, 2 range_queries_info list kvrwset.RangeQueryInfo,
    3 writes list kvrwset.KVWrite, 4 metadata_writes list kvrwset.KVMetadataWrite`,
  'kvrwset.KVRead': '1 key string, 2 version kvrwset.Version',
  'kvrwset.KVReadHash': '1 key_hash bytes, 2 version kvrwset.Version',
  'kvrwset.KVWrite': '1 key string, 2 is_delete bool, 3 value bytes',
  'kvrwset.KVWriteHash': '1 key_hash bytes, 2 is_delete bool, 3 value_hash bytes, 4 is_purge bool',
  'kvrwset.QueryReads': '1 kv_reads list kvrwset.KVRead',
  'kvrwset.QueryReadsMerkleSummary': '1 max_degree uint32, 2 max_level uint32, 3 max_level_hashes list bytes',
  'kvrwset.RangeQueryInfo': `
    1 start_key string, 2 end_key string, 3 itr_exhausted bool, 4 raw_reads kvrwset.QueryReads oneof,
    5 reads_merkle_hashes kvrwset.QueryReadsMerkleSummary oneof`,
  'kvrwset.Version': '1 block_num uint64, 2 tx_num uint64',
  'msp.FabricCryptoConfig': '1 signature_hash_family string, 2 identity_identifier_hash_function string',
  'msp.FabricMSPConfig': `
    1 name string, 2 root_certs list bytes, 3 intermediate_certs list bytes, 4 admins list bytes,
    5 revocation_list list bytes, 6 signing_identity msp.SigningIdentityInfo,
    7 organizational_unit_identifiers list msp.FabricOUIdentifier, 8 crypto_config msp.FabricCryptoConfig,
    9 tls_root_certs list bytes, 10 tls_intermediate_certs list bytes, 11 fabric_node_ous msp.FabricNodeOUs`,
  'msp.FabricNodeOUs': `
    1 enable bool, 2 client_ou_identifier msp.FabricOUIdentifier, 3 peer_ou_identifier msp.FabricOUIdentifier,
    4 admin_ou_identifier msp.FabricOUIdentifier, 5 orderer_ou_identifier msp.FabricOUIdentifier`,
  'msp.FabricOUIdentifier': '1 certificate bytes, 2 organizational_unit_identifier string',
  'msp.IdemixMSPConfig':
    '1 name string, 2 ipk bytes, 3 signer msp.IdemixMSPSignerConfig, 4 revocation_pk bytes, 5 epoch int64',
  'msp.IdemixMSPSignerConfig': `
    1 cred bytes, 2 sk bytes, 3 organizational_unit_identifier string, 4 role int32, 5 enrollment_id string,
    6 credential_revocation_information bytes`,
  'msp.KeyInfo': '1 key_identifier string, 2 key_material bytes',
  'msp.MSPConfig': '1 type int32, 2 config bytes',
  'msp.SerializedIdentity': '1 mspid string, 2 id_bytes bytes',
  'msp.SigningIdentityInfo': '1 public_signer bytes, 2 private_signer msp.KeyInfo',
  'orderer.BatchSize': '1 max_message_count uint32, 2 absolute_max_bytes uint32, 3 preferred_max_bytes uint32',
  'orderer.BatchTimeout': '1 timeout string',
  'orderer.ChannelRestrictions': '1 max_count uint64',
  'orderer.ConsensusType': '1 type string, 2 metadata bytes, 3 state orderer.ConsensusType.State',
  'orderer.KafkaBrokers': '1 brokers list string',
  'orderer.smartbft.Options': `
    1 request_batch_max_count uint64, 2 request_batch_max_bytes uint64, 3 request_batch_max_interval string,
    4 incoming_message_buffer_size uint64, 5 request_pool_size uint64, 6 request_forward_timeout string,
    7 request_complain_timeout string, 8 request_auto_remove_timeout string, 9 request_max_bytes uint64,
    10 view_change_resend_interval string, 11 view_change_timeout string, 12 leader_heartbeat_timeout string,
    13 leader_heartbeat_count uint64, 14 collect_timeout string, 15 sync_on_start bool,
    16 speed_up_view_change bool, 17 leader_rotation orderer.smartbft.Options.Rotation,
    18 decisions_per_leader uint64`,
  'protos.ACLs': '1 acls map protos.APIResource',
  'protos.APIResource': '1 policy_ref string',
  'protos.AnchorPeer': '1 host string, 2 port int32',
  'protos.AnchorPeers': '1 anchor_peers list protos.AnchorPeer',
  'protos.ChaincodeAction':
    '1 results bytes, 2 events bytes, 3 response protos.Response, 4 chaincode_id protos.ChaincodeID',
  'protos.ChaincodeActionPayload': '1 chaincode_proposal_payload bytes, 2 action protos.ChaincodeEndorsedAction',
  'protos.ChaincodeEndorsedAction': '1 proposal_response_payload bytes, 2 endorsements list protos.Endorsement',
  'protos.ChaincodeEvent': '1 chaincode_id string, 2 tx_id string, 3 event_name string, 4 payload bytes',
  'protos.ChaincodeHeaderExtension': '2 chaincode_id protos.ChaincodeID',
  'protos.ChaincodeID': '1 path string, 2 name string, 3 version string',
  'protos.ChaincodeInput': '1 args list bytes, 2 decorations map bytes, 3 is_init bool',
  'protos.ChaincodeInvocationSpec': '1 chaincode_spec protos.ChaincodeSpec',
  'protos.ChaincodeProposalPayload': '1 input bytes, 2 TransientMap map bytes',
  'protos.ChaincodeSpec': `
    1 type protos.ChaincodeSpec.Type, 2 chaincode_id protos.ChaincodeID, 3 input protos.ChaincodeInput,
    4 timeout int32`,
  'protos.Endorsement': '1 endorser bytes, 2 signature bytes',
  'protos.ProposalResponsePayload': '1 proposal_hash bytes, 2 extension bytes',
  'protos.Response': '1 status int32, 2 message string, 3 payload bytes',
  'protos.Transaction': '1 actions list protos.TransactionAction',
  'protos.TransactionAction': '1 header bytes, 2 payload bytes',
  'rwset.CollectionHashedReadWriteSet': '1 collection_name string, 2 hashed_rwset bytes, 3 pvt_rwset_hash bytes',
  'rwset.NsReadWriteSet':
    '1 namespace string, 2 rwset bytes, 3 collection_hashed_rwset list rwset.CollectionHashedReadWriteSet',
  'rwset.TxReadWriteSet': '1 data_model rwset.TxReadWriteSet.DataModel, 2 ns_rwset list rwset.NsReadWriteSet',
};

const ENUMS: Readonly<Record<string, string>> = {
  'common.ImplicitMetaPolicy.Rule': 'ANY=0 ALL=1 MAJORITY=2',
  'common.MSPPrincipal.Classification': 'ROLE=0 ORGANIZATION_UNIT=1 IDENTITY=2 ANONYMITY=3 COMBINED=4',
  'common.MSPRole.MSPRoleType': 'MEMBER=0 ADMIN=1 CLIENT=2 PEER=3 ORDERER=4',
  'orderer.ConsensusType.State': 'STATE_NORMAL=0 STATE_MAINTENANCE=1',
  'orderer.smartbft.Options.Rotation': 'ROTATION_UNSPECIFIED=0 ROTATION_OFF=1 ROTATION_ON=2',
  'protos.ChaincodeSpec.Type': 'UNDEFINED=0 GOLANG=1 NODE=2 CAR=3 JAVA=4',
  'rwset.TxReadWriteSet.DataModel': 'KV=0',
};

export type ScalarType = 'bytes' | 'string' | 'bool' | 'int32' | 'uint32' | 'int64' | 'uint64';

export interface FieldSchema {
  readonly number: number;
  /** As in the .proto file. */
  readonly name: string;
  readonly label: 'single' | 'list' | 'map';
  readonly oneof: boolean;
  /** Null for a message or an enumeration. */
  readonly scalar: ScalarType | null;
  /** Name of the message type; null for others. */
  readonly message: string | null;
  /** Names by number of an enumeration; null for others. */
  readonly values: ReadonlyMap<number, string> | null;
}

export interface MessageSchema {
  /** Full name, e.g. `common.Block`. */
  readonly name: string;
  /** By number, ascending. */
  readonly fields: readonly FieldSchema[];
}

const parsed = new Map<string, MessageSchema>();

/** Null for a message that is not known here. */
export function messageSchema(name: string): MessageSchema | null {
  let schema = parsed.get(name);
  if (schema === undefined && Object.hasOwn(MESSAGES, name)) {
    const fields = (MESSAGES[name] as string)
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .map(parseField);
    schema = { name, fields: fields.toSorted((a, b) => a.number - b.number) };
    parsed.set(name, schema);
  }
  return schema ?? null;
}

/** Every message that is known here. */
export function messageNames(): readonly string[] {
  return Object.keys(MESSAGES);
}

function parseField(text: string): FieldSchema {
  const words = text.split(' ');
  const oneof = words.at(-1) === 'oneof';
  const [number, name, ...rest] = oneof ? words.slice(0, -1) : words;
  const type = rest.at(-1) as string;
  const isEnum = Object.hasOwn(ENUMS, type);
  const isMessage = Object.hasOwn(MESSAGES, type);
  return {
    number: Number(number),
    name: name as string,
    label: rest.length === 2 ? (rest[0] as 'list' | 'map') : 'single',
    oneof,
    scalar: isEnum || isMessage ? null : (type as ScalarType),
    message: isMessage ? type : null,
    values: isEnum ? enumValues(ENUMS[type] as string) : null,
  };
}

function enumValues(text: string): ReadonlyMap<number, string> {
  return new Map(
    text.split(' ').map((pair) => {
      const [name, number] = pair.split('=') as [string, string];
      return [Number(number), name];
    }),
  );
}
