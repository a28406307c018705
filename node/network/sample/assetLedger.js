'use strict';

const { randomUUID } = require('node:crypto');
const { setTimeout: delay } = require('node:timers/promises');
const { Contract } = require('fabric-contract-api');

const DETAILS = 'assetDetails';
const PAGE = 50;
const LONGEST_WAIT_MS = 60_000;

/**
 * Assets, their owners and their values. Every function gives JSON; what may not be done ends with an error that says why.
 */
class AssetLedger extends Contract {
  constructor() {
    super('AssetLedger');
  }

  /** Event `AssetCreated`. */
  async CreateAsset(ctx, id, owner, value) {
    if (await found(ctx, id)) {
      throw new Error(`the asset ${id} exists already`);
    }
    const asset = { id, owner, value: amount(value) };
    await write(ctx, asset);
    ctx.stub.setEvent('AssetCreated', Buffer.from(JSON.stringify(asset)));
    return JSON.stringify(asset);
  }

  async ReadAsset(ctx, id) {
    return JSON.stringify(await read(ctx, id));
  }

  async UpdateAsset(ctx, id, value) {
    const asset = { ...(await read(ctx, id)), value: amount(value) };
    await write(ctx, asset);
    return JSON.stringify(asset);
  }

  /** Event `AssetTransferred`. Gives the owner before. */
  async TransferAsset(ctx, id, owner) {
    const asset = await read(ctx, id);
    await write(ctx, { ...asset, owner });
    ctx.stub.setEvent('AssetTransferred', Buffer.from(JSON.stringify({ id, from: asset.owner, to: owner })));
    return JSON.stringify(asset.owner);
  }

  async DeleteAsset(ctx, id) {
    await read(ctx, id);
    await ctx.stub.deleteState(id);
  }

  /** A page of assets by ID, from `bookmark` on: `{assets, bookmark}`; an empty bookmark is the end. */
  async ListAssets(ctx, bookmark) {
    const { iterator, metadata } = await ctx.stub.getStateByRangeWithPagination('', '', PAGE, bookmark ?? '');
    const assets = [];
    for (let step = await iterator.next(); ; step = await iterator.next()) {
      if (step.value) {
        assets.push(JSON.parse(Buffer.from(step.value.value).toString('utf8')));
      }
      if (step.done) {
        break;
      }
    }
    await iterator.close();
    // Of an empty page there is none: it is no octets long.
    return JSON.stringify({ assets, bookmark: metadata?.bookmark ?? '' });
  }

  /** Every change of an asset, newest first: `{txId, at, asset}`, `asset` null where it was deleted. */
  async AssetHistory(ctx, id) {
    const iterator = await ctx.stub.getHistoryForKey(id);
    const changes = [];
    for (let step = await iterator.next(); ; step = await iterator.next()) {
      if (step.value) {
        const { txId, timestamp, isDelete, value } = step.value;
        const at = new Date(Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1e6)).toISOString();
        changes.push({ txId, at, asset: isDelete ? null : JSON.parse(Buffer.from(value).toString('utf8')) });
      }
      if (step.done) {
        break;
      }
    }
    await iterator.close();
    return JSON.stringify(changes);
  }

  /** Keeps the transient `details` for the members of the collection alone; the ledger gets their hash. */
  async SetDetails(ctx, id) {
    await read(ctx, id);
    const details = ctx.stub.getTransient().get('details');
    if (details === undefined || details.length === 0) {
      throw new Error('the details go into the transient data, under the key details');
    }
    await ctx.stub.putPrivateData(DETAILS, id, details);
  }

  async ReadDetails(ctx, id) {
    const details = await ctx.stub.getPrivateData(DETAILS, id);
    if (!details || details.length === 0) {
      throw new Error(`there are no details of the asset ${id}`);
    }
    return Buffer.from(details).toString('utf8');
  }

  /** Fails always, to see what a failure looks like. */
  async Fail(_ctx, reason) {
    throw new Error(reason === '' ? 'asked to fail' : reason);
  }

  /** Writes after a while, to see what a slow chaincode looks like. @param ms at most a minute */
  async Wait(ctx, id, ms) {
    await delay(Math.min(LONGEST_WAIT_MS, amount(ms)));
    const asset = { id, owner: 'nobody', value: amount(ms) };
    await write(ctx, asset);
    return JSON.stringify(asset);
  }

  /** Writes something else on each peer, to see what a chaincode that is not deterministic looks like. */
  async Disagree(ctx, id) {
    const asset = { id, owner: randomUUID(), value: 0 };
    await write(ctx, asset);
    return JSON.stringify(asset);
  }
}

async function found(ctx, id) {
  if (id === '') {
    throw new Error('an asset needs an ID');
  }
  const bytes = await ctx.stub.getState(id);
  return bytes.length === 0 ? null : JSON.parse(Buffer.from(bytes).toString('utf8'));
}

async function read(ctx, id) {
  const asset = await found(ctx, id);
  if (asset === null) {
    throw new Error(`the asset ${id} does not exist`);
  }
  return asset;
}

/** Keys in one order on every peer. */
async function write(ctx, { id, owner, value }) {
  await ctx.stub.putState(id, Buffer.from(JSON.stringify({ id, owner, value })));
}

function amount(text) {
  const value = Number(text);
  if (text === '' || !Number.isSafeInteger(value) || value < 0) {
    throw new Error(`${text} is not a whole number from 0 on`);
  }
  return value;
}

module.exports = AssetLedger;
module.exports.contracts = [AssetLedger];
