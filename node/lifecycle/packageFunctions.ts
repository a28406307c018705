import { peer } from '@hyperledger/fabric-protos';
import type { ChaincodeDefinitionCache } from './chaincodeDefinitionCache.ts';
import type { InstalledPackages } from './installedPackages.ts';
import type { LifecycleFunctions, PackageFunction } from './lifecycleArguments.ts';
import { LifecycleError } from './lifecycleError.ts';

const { lifecycle } = peer;

export interface PackageFunctionModules {
  readonly packages: InstalledPackages;
  readonly definitions: Pick<ChaincodeDefinitionCache, 'references'>;
}

/** What `_lifecycle` does with the packages of this peer, whatever the channel. */
export function packageFunctions({
  packages,
  definitions,
}: PackageFunctionModules): Pick<LifecycleFunctions, PackageFunction> {
  return {
    InstallChaincode: async (args) => {
      const installed = await packages.install(args.getChaincodeInstallPackage_asU8());
      const result = new lifecycle.InstallChaincodeResult();
      result.setPackageId(installed.packageId);
      result.setLabel(installed.label);
      return result;
    },

    QueryInstalledChaincode: async (args) => {
      const packageId = args.getPackageId();
      const installed = packages.find(packageId);
      if (installed === null) {
        throw new LifecycleError('not_installed', `could not find chaincode with package id '${packageId}'`);
      }
      const result = new lifecycle.QueryInstalledChaincodeResult();
      const { References, Chaincode } = lifecycle.QueryInstalledChaincodeResult;
      result.setPackageId(installed.packageId);
      result.setLabel(installed.label);
      for (const [channelId, chaincodes] of await definitions.references(packageId)) {
        result.getReferencesMap().set(
          channelId,
          referencesOf(new References(), () => new Chaincode(), chaincodes),
        );
      }
      return result;
    },

    GetInstalledChaincodePackage: async (args) => {
      const result = new lifecycle.GetInstalledChaincodePackageResult();
      result.setChaincodeInstallPackage(await packages.load(args.getPackageId()));
      return result;
    },

    QueryInstalledChaincodes: async () => {
      const result = new lifecycle.QueryInstalledChaincodesResult();
      const { InstalledChaincode, References, Chaincode } = lifecycle.QueryInstalledChaincodesResult;
      for (const { packageId, label } of packages.list()) {
        const one = new InstalledChaincode();
        one.setPackageId(packageId);
        one.setLabel(label);
        for (const [channelId, chaincodes] of await definitions.references(packageId)) {
          one.getReferencesMap().set(
            channelId,
            referencesOf(new References(), () => new Chaincode(), chaincodes),
          );
        }
        result.addInstalledChaincodes(one);
      }
      return result;
    },
  };
}

interface NamedVersion {
  setName(value: string): void;
  setVersion(value: string): void;
}

function referencesOf<C extends NamedVersion, R extends { addChaincodes(value: C): C }>(
  references: R,
  make: () => C,
  chaincodes: readonly { readonly name: string; readonly version: string }[],
): R {
  for (const { name, version } of chaincodes) {
    const one = make();
    one.setName(name);
    one.setVersion(version);
    references.addChaincodes(one);
  }
  return references;
}
