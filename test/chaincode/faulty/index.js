'use strict';

const { Contract } = require('fabric-contract-api');

/** A contract that does what it should, and whatever else chaincode has been seen to do. */
class Faulty extends Contract {
  constructor() {
    super('Faulty');
  }

  async put(ctx, key, value) {
    await ctx.stub.putState(key, Buffer.from(value));
  }

  async get(ctx, key) {
    return Buffer.from(await ctx.stub.getState(key)).toString();
  }

  /** Writes what it has read before. */
  async append(ctx, key, value) {
    await ctx.stub.putState(key, Buffer.concat([await ctx.stub.getState(key), Buffer.from(value)]));
  }

  async remove(ctx, key) {
    await ctx.stub.deleteState(key);
  }

  /** Writes how many keys there are in a range. */
  async count(ctx, start, end, key) {
    let found = 0;
    for await (const _ of ctx.stub.getStateByRange(start, end)) {
      found++;
    }
    await ctx.stub.putState(key, Buffer.from(String(found)));
  }

  async putPrivate(ctx, key) {
    await ctx.stub.putPrivateData('secrets', key, Buffer.from(ctx.stub.getTransient().get('value')));
  }

  async fail(_ctx, reason) {
    throw new Error(reason);
  }

  /** Something else in each process. */
  async differ(ctx, key) {
    await ctx.stub.putState(key, Buffer.from(`process ${process.pid}`));
  }

  /** Refuses at the peers of one organisation. */
  async refuseAt(ctx, mspId, key) {
    if (ctx.stub.getMspID() === mspId) {
      throw new Error(`not at ${mspId}`);
    }
    await ctx.stub.putState(key, Buffer.from('accepted'));
  }

  async die(ctx) {
    await ctx.stub.getState('key');
    process.exit(3);
  }

  /** Holds up nothing but itself. */
  async hang(ctx) {
    await ctx.stub.getState('key');
    await new Promise(() => {});
  }
}

module.exports.contracts = [Faulty];
