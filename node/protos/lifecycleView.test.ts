import { describe, expect, it } from 'vitest';
import { ledger, peer } from '@hyperledger/fabric-protos';
import { BlockView } from './blockView.ts';
import { definitionsOf, definitionsWritten } from './lifecycleView.ts';
import { NamespaceView } from './readWriteSetView.ts';
import { vendoredBlocks } from './testBlocks.ts';

const { rwset } = ledger;
const { lifecycle } = peer;

const definitionsIn = (version: 'v3.1.5' | 'v2.5.9') =>
  vendoredBlocks(version).blocks.flatMap(({ number, bytes }) =>
    BlockView.fromBytes(bytes)
      .envelopes.filter(({ channelHeader }) => channelHeader.typeName === 'ENDORSER_TRANSACTION')
      .flatMap(({ transaction }) => definitionsOf(transaction.action))
      .map((definition) => Object.assign({ number }, definition)),
  );

const stateData = (set: (data: InstanceType<typeof lifecycle.StateData>) => void) => {
  const data = new lifecycle.StateData();
  set(data);
  return data.serializeBinary();
};
const sequence = (n: number) => stateData((data) => data.setInt64(n));
const namespace = (writes: readonly (readonly [string, Uint8Array])[]) => {
  const set = new rwset.kvrwset.KVRWSet();
  for (const [key, value] of writes) {
    const write = set.addWrites();
    write.setKey(key);
    write.setValue(value);
  }
  return new NamespaceView({ namespace: '_lifecycle', rwset: set.serializeBinary(), collections: [] });
};
const call = (name: string, set: (asked: InstanceType<typeof lifecycle.CommitChaincodeDefinitionArgs>) => void) => {
  const asked = new lifecycle.CommitChaincodeDefinitionArgs();
  set(asked);
  return {
    chaincode: { name: '_lifecycle', version: '', path: '' },
    args: [Uint8Array.from(Buffer.from(name)), asked.serializeBinary()],
    isInit: false,
  };
};

describe('chaincode definitions', () => {
  it('are found where real networks committed them, and approvals are none', () => {
    const common = { name: 'basic', version: '1.0', initRequired: false, validationPlugin: 'vscc' };
    const byDefault = {
      expression: '/Channel/Application/Endorsement',
      rule: null,
      reference: '/Channel/Application/Endorsement',
    };
    expect(definitionsIn('v3.1.5')).toEqual([
      { number: 3, sequence: 1, policy: byDefault, ...common },
      {
        number: 48,
        sequence: 2,
        policy: {
          expression: "OR('Org1MSP.peer','Org2MSP.peer')",
          rule: { n: 1, rules: [{ principal: 'Org1MSP.peer' }, { principal: 'Org2MSP.peer' }] },
          reference: null,
        },
        ...common,
      },
    ]);
    expect(definitionsIn('v2.5.9')).toEqual([{ number: 3, sequence: 1, policy: byDefault, ...common }]);
  });

  it('take from the call what did not change and so was not written', () => {
    const written = namespace([['namespaces/fields/cc/Sequence', sequence(3)]]);
    const invocation = call('CommitChaincodeDefinition', (asked) => {
      asked.setName('cc');
      asked.setSequence(3);
      asked.setVersion('2.1');
      asked.setInitRequired(true);
    });
    expect(definitionsWritten(written, invocation)).toEqual([
      {
        name: 'cc',
        sequence: 3,
        version: '2.1',
        initRequired: true,
        validationPlugin: 'vscc',
        policy: {
          expression: '/Channel/Application/Endorsement',
          rule: null,
          reference: '/Channel/Application/Endorsement',
        },
      },
    ]);
    const unknown = [
      { name: 'cc', sequence: 3, version: null, initRequired: null, validationPlugin: null, policy: null },
    ];
    expect(definitionsWritten(written)).toEqual(unknown);
    // Arguments of another definition say nothing of this one.
    for (const other of [
      call('CommitChaincodeDefinition', (asked) => asked.setName('dd')),
      call('ApproveChaincodeDefinitionForMyOrg', (asked) => asked.setName('cc')),
    ]) {
      expect(definitionsWritten(written, other)).toEqual(unknown);
    }
  });

  it('are not seen in other keys, and a sequence must be a number', () => {
    expect(
      definitionsWritten(
        namespace([
          ['namespaces/fields/cc#1/Sequence', sequence(1)],
          ['namespaces/metadata/cc', new Uint8Array(0)],
          ['namespaces/fields/a/b/Sequence', sequence(1)],
          ['chaincode-sources/fields/cc#1/PackageID', new Uint8Array(0)],
          ['namespaces/fields/cc/Collections', new Uint8Array(0)],
        ]),
      ),
    ).toEqual([]);
    expect(() => definitionsWritten(namespace([['namespaces/fields/cc/Sequence', sequence(-1)]]))).toThrow(
      expect.objectContaining({ code: 'out_of_range' }),
    );
  });
});
