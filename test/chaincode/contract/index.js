'use strict';

const { Contract } = require('fabric-contract-api');

const COLLECTION = 'secrets';
const text = (bytes) => Buffer.from(bytes).toString();

/** Everything of an iterator, closed at its end. */
async function all(iterator, map) {
  const found = [];
  for (let step = await iterator.next(); ; step = await iterator.next()) {
    if (step.value) {
      found.push(map(step.value));
    }
    if (step.done) {
      break;
    }
  }
  await iterator.close();
  return found;
}

const keyAndValue = ({ key, value }) => [key, text(value)];

/** A contract that makes every call a chaincode can make, for tests of the peer. */
class EveryCall extends Contract {
  constructor() {
    super('EveryCall');
  }

  async init(ctx) {
    await ctx.stub.putState('initialised', Buffer.from(ctx.stub.getTxID()));
  }

  async initPrivate(ctx) {
    await ctx.stub.putPrivateData(COLLECTION, 'key', Buffer.from('value'));
  }

  async put(ctx, key, value) {
    await ctx.stub.putState(key, Buffer.from(value));
  }

  async putMany(ctx, prefix, count) {
    for (let index = 0; index < Number(count); index++) {
      await ctx.stub.putState(`${prefix}${String(index).padStart(4, '0')}`, Buffer.from(String(index)));
    }
  }

  /** As a developer does who forgot to wait. */
  async putWithoutWaiting(ctx, key, value) {
    ctx.stub.putState(key, Buffer.from(value));
  }

  async get(ctx, key) {
    return text(await ctx.stub.getState(key));
  }

  async delete(ctx, key) {
    await ctx.stub.deleteState(key);
  }

  async range(ctx, start, end) {
    return JSON.stringify(await all(await ctx.stub.getStateByRange(start, end), keyAndValue));
  }

  /** Opens a range and leaves it. */
  async leaveRange(ctx, start, end) {
    const iterator = await ctx.stub.getStateByRange(start, end);
    const { value } = await iterator.next();
    return value.key;
  }

  async page(ctx, start, end, size, bookmark) {
    const { iterator, metadata } = await ctx.stub.getStateByRangeWithPagination(start, end, Number(size), bookmark);
    const { fetchedRecordsCount, bookmark: next } = metadata;
    return JSON.stringify({ found: await all(iterator, keyAndValue), fetchedRecordsCount, next });
  }

  async pageAndPut(ctx, start, end) {
    await this.page(ctx, start, end, '1', '');
    await ctx.stub.putState('after', Buffer.from('page'));
  }

  async putComposite(ctx, type, list) {
    const parts = list.split(' ');
    await ctx.stub.putState(ctx.stub.createCompositeKey(type, parts), Buffer.from(parts.join('/')));
  }

  async composite(ctx, type, list) {
    const iterator = await ctx.stub.getStateByPartialCompositeKey(type, list.split(' '));
    return JSON.stringify(
      await all(iterator, ({ key, value }) => [ctx.stub.splitCompositeKey(key).attributes, text(value)]),
    );
  }

  async compositePage(ctx, type, size, bookmark) {
    const { iterator, metadata } = await ctx.stub.getStateByPartialCompositeKeyWithPagination(
      type,
      [],
      Number(size),
      bookmark,
    );
    return JSON.stringify({ found: await all(iterator, ({ value }) => text(value)), next: metadata.bookmark });
  }

  async history(ctx, key) {
    const iterator = await ctx.stub.getHistoryForKey(key);
    return JSON.stringify(
      await all(iterator, ({ txId, value, isDelete, timestamp }) => ({
        txId,
        value: text(value),
        isDelete,
        timed: Number(timestamp.seconds) > 1_600_000_000,
      })),
    );
  }

  async query(ctx, selector) {
    return JSON.stringify(await all(await ctx.stub.getQueryResult(selector), keyAndValue));
  }

  async queryPage(ctx, selector) {
    await ctx.stub.getQueryResultWithPagination(selector, 1, '');
  }

  async putPrivate(ctx, collection, key) {
    await ctx.stub.putPrivateData(collection, key, Buffer.from(ctx.stub.getTransient().get('value')));
  }

  async getPrivate(ctx, collection, key) {
    return text(await ctx.stub.getPrivateData(collection, key));
  }

  async privateHash(ctx, collection, key) {
    return Buffer.from(await ctx.stub.getPrivateDataHash(collection, key)).toString('hex');
  }

  async deletePrivate(ctx, collection, key) {
    await ctx.stub.deletePrivateData(collection, key);
  }

  async purgePrivate(ctx, collection, key) {
    await ctx.stub.purgePrivateData(collection, key);
  }

  async privateRange(ctx, collection, start, end) {
    const found = [];
    for await (const { key, value } of ctx.stub.getPrivateDataByRange(collection, start, end)) {
      found.push([key, text(value)]);
    }
    return JSON.stringify(found);
  }

  async setPolicy(ctx, key, policy) {
    await ctx.stub.setStateValidationParameter(key, Buffer.from(policy, 'hex'));
  }

  async getPolicy(ctx, key) {
    return Buffer.from((await ctx.stub.getStateValidationParameter(key)) ?? '').toString('hex');
  }

  async setPrivatePolicy(ctx, collection, key, policy) {
    await ctx.stub.setPrivateDataValidationParameter(collection, key, Buffer.from(policy, 'hex'));
  }

  async getPrivatePolicy(ctx, collection, key) {
    return Buffer.from((await ctx.stub.getPrivateDataValidationParameter(collection, key)) ?? '').toString('hex');
  }

  async call(ctx, target, channel, args) {
    const { status, message, payload } = await ctx.stub.invokeChaincode(target, args.split(' '), channel);
    return JSON.stringify({ status, message, payload: text(payload) });
  }

  async event(ctx, name, payload) {
    ctx.stub.setEvent(name, Buffer.from(payload));
  }

  async whoAmI(ctx) {
    return JSON.stringify({
      channel: ctx.stub.getChannelID(),
      txId: ctx.stub.getTxID(),
      creator: ctx.clientIdentity.getMSPID(),
      binding: ctx.stub.getBinding(),
      time: Number(ctx.stub.getTxTimestamp().seconds),
      args: ctx.stub.getArgs(),
      signed: ctx.stub.getSignedProposal().signature.length > 0,
    });
  }

  async transient(ctx, name) {
    return text(ctx.stub.getTransient().get(name) ?? '');
  }

  async fail(_ctx, message) {
    throw new Error(message);
  }

  /** Several requests at once: the shim has to send them one after the other. */
  async parallel(ctx, keys) {
    return JSON.stringify(await Promise.all(keys.split(' ').map(async (key) => text(await ctx.stub.getState(key)))));
  }

  async crash(ctx) {
    await ctx.stub.getState('key');
    process.exit(3);
  }

  /** Blocks the whole process. */
  async hang() {
    for (;;);
  }

  /** Holds up nothing but itself. */
  async never(ctx) {
    await ctx.stub.getState('key');
    await new Promise(() => {});
  }

  async environment() {
    return JSON.stringify({ environment: Object.keys(process.env), uid: process.getuid(), pid: process.pid });
  }
}

module.exports.contracts = [EveryCall];
