import { availableParallelism } from 'node:os';
import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { toLowS } from '#node/crypto/ecdsaSignature.ts';
import { keyKind } from '#node/crypto/keys.ts';
import { verifyBatch, verifySignatureSync } from '#node/crypto/verify.ts';
import { Signer } from '#node/crypto/sign.ts';
import { authority, definition, issue } from '#node/msp/testAuthority.ts';
import { MspManager } from '#node/msp/mspManager.ts';
import { X509Msp } from '#node/msp/x509Msp.ts';
import { parsePolicy } from '#node/policy/policyDsl.ts';
import { SignaturePolicy } from '#node/policy/signaturePolicy.ts';

/**
 * Signatures checked a second, over messages as large as an endorsed answer: node:crypto alone on one thread (the bound of one core),
 * then our rules on one thread, then on libuv's pool. CPU is of the whole process, for each signature; "main" is the share of the
 * event loop's thread, which nothing else can use meanwhile; the share of the bound is by CPU time, which other work on the machine
 * changes least. `[UV_THREADPOOL_SIZE=n] node test/perf/verify.ts [signatures]`
 */
const COUNT = Number(process.argv[2] ?? 6000);
const MESSAGE_BYTES = 3500;
const ROUNDS = 5;

interface Measured {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly mainUs: number;
}

async function measure(count: number, run: () => unknown): Promise<Measured> {
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [start, cpu, main] = [performance.now(), process.cpuUsage(), process.threadCpuUsage()];
    await run();
    const seconds = (performance.now() - start) / 1000;
    const all = process.cpuUsage(cpu);
    const own = process.threadCpuUsage(main);
    rounds.push({
      perSecond: count / seconds,
      cpuUs: (all.user + all.system) / count,
      mainUs: (own.user + own.system) / count,
    });
  }
  // The best round: other work on the machine only takes away.
  return rounds.toSorted((one, other) => other.perSecond - one.perSecond)[0] as Measured;
}

function print(name: string, one: Measured, bound: Measured): void {
  const cells = [one.perSecond, one.cpuUs, one.mainUs].map((value) => value.toFixed(value < 1000 ? 1 : 0));
  console.log(`| ${name} | ${cells.join(' | ')} | ${((100 * bound.cpuUs) / one.cpuUs).toFixed(0)} % |`);
}

function signatures(privateKey: KeyObject, messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const kind = keyKind(privateKey);
  return messages.map((message) => {
    const signature = sign(kind === 'Ed25519' ? null : 'sha256', message, privateKey);
    return kind === 'P-256' || kind === 'P-384' ? (toLowS(kind, signature) as Uint8Array) : signature;
  });
}

const cores = availableParallelism();
const pool = process.env['UV_THREADPOOL_SIZE'] ?? '4';
const messages = Array.from({ length: COUNT }, (_, index) => Buffer.alloc(MESSAGE_BYTES, index));
console.log(`${COUNT} signatures, best of ${ROUNDS} rounds, ${cores} cores, pool of ${pool}, Node ${process.version}`);
console.log('| | a second | CPU µs | main µs | of the bound |');
console.log('| --- | ---: | ---: | ---: | ---: |');

for (const [name, make] of [
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['Ed25519', () => generateKeyPairSync('ed25519')],
] as const) {
  const { publicKey, privateKey } = make();
  const some = name === 'P-384' ? messages.slice(0, COUNT / 5) : messages;
  const made = signatures(privateKey, some);
  const digest = name === 'Ed25519' ? null : 'sha256';
  const each = (check: (message: Uint8Array, signature: Uint8Array) => boolean) => () => {
    if (!some.every((message, index) => check(message, made[index] as Uint8Array))) throw new Error('does not hold');
  };
  const plain = await measure(
    some.length,
    each((message, signature) => verify(digest, message, publicKey, signature)),
  );
  print(`${name}, node:crypto, one thread`, plain, plain);
  const ours = await measure(
    some.length,
    each((message, signature) => verifySignatureSync(publicKey, message, signature)),
  );
  print(`${name}, Fabric's rules, one thread`, ours, plain);
  for (const inFlight of [2, 64, 512]) {
    const requests = some.map((message, index) => ({ key: publicKey, message, signature: made[index] as Uint8Array }));
    const batch = await measure(some.length, async () => {
      if ((await verifyBatch(requests, { inFlight })).includes(false)) throw new Error('does not hold');
    });
    print(`${name}, pool, ${inFlight} in flight`, batch, plain);
  }
  if (name === 'P-256') await policies(plain);
}

/** What a transaction costs with two endorsements: identities from the cache, signatures on the pool, then the policy. */
async function policies(bound: Measured): Promise<void> {
  const roots = ['A', 'B'].map((mspId) => ({ mspId, root: authority(mspId) }));
  const msps = new MspManager(roots.map(({ mspId, root }) => new X509Msp(definition([root], { mspId }), '3.0')));
  const signers = roots.map(({ mspId, root }) => {
    const holder = issue(root, { name: 'peer0', units: ['peer'] });
    const keyPem = holder.privateKey.export({ type: 'pkcs8', format: 'pem' });
    return new Signer({ mspId, keyPem, certificatePem: holder.pem });
  });
  const transactions = messages
    .slice(0, COUNT / 2)
    .map((data) => signers.map((signer) => ({ data, identity: signer.identity, signature: signer.signSync(data) })));
  const policy = SignaturePolicy.fromEnvelope(parsePolicy("AND('A.peer','B.peer')"), msps);
  const evaluated = await measure(COUNT, async () => {
    for (let from = 0; from < transactions.length; from += 256) {
      const verdicts = await Promise.all(transactions.slice(from, from + 256).map((one) => policy.evaluate(one)));
      if (verdicts.some(({ satisfied }) => !satisfied)) throw new Error('not satisfied');
    }
  });
  print('P-256, policies of two, 256 in flight', evaluated, bound);
}
