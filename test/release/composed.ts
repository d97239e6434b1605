import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../release/command.ts';

type Mount = string | { source: string; target?: string };

export interface Service {
  image: string;
  command?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  environment?: Record<string, string>;
  networks: { muster: { ipv4_address: string } } | string[];
  ports?: string[];
  configs?: Mount[];
  secrets?: Mount[];
}

interface Composed {
  services: Record<string, Service>;
  configs: Record<string, { file: string }>;
  secrets: Record<string, { file: string }>;
}

/** deploy/compose, copied to a folder, with secrets made there. */
export class Composition {
  readonly folder: string;
  readonly file: Composed;

  constructor(folder: string) {
    this.folder = join(folder, 'compose');
    const isMade = (path: string): boolean => path.endsWith('/secrets');
    cpSync(join(ROOT, 'deploy/compose'), this.folder, { recursive: true, filter: (path) => !isMade(path) });
    execFileSync('sh', [join(this.folder, 'secrets.sh')]);
    this.file = parse(readFileSync(join(this.folder, 'compose.yaml'), 'utf8'), { merge: true }) as Composed;
  }

  /** The services that run Muster, by region. */
  get regions(): [name: string, service: Service][] {
    return Object.entries(this.file.services).filter(([, { environment }]) => environment?.REGION !== undefined);
  }

  /** What a service is shown: path in the container → path here. */
  filesOf({ configs = [], secrets = [] }: Service): Map<string, string> {
    const shown = (mounts: Mount[], from: Record<string, { file: string }>): [string, string][] =>
      mounts.map((mount) => {
        const { source, target = source } = typeof mount === 'string' ? { source: mount } : mount;
        const file = from[source]?.file;
        if (file === undefined) throw new Error(`compose.yaml has no ${source}`);
        return [target.startsWith('/') ? target : `/run/secrets/${target}`, join(this.folder, file)];
      });
    return new Map([...shown(configs, this.file.configs), ...shown(secrets, this.file.secrets)]);
  }

  /** A file that a service is shown, in which the paths of the container have become paths here. */
  read(service: Service, path: string): string {
    const files = this.filesOf(service);
    const text = readFileSync(files.get(path) ?? '', 'utf8');
    return text.replaceAll(/\/run\/secrets\/[\w.-]+/g, (shown) => files.get(shown) ?? shown);
  }

  addressOf(name: string): string {
    const networks = this.file.services[name]?.networks;
    if (!networks || Array.isArray(networks)) throw new Error(`${name} has no address of its own`);
    return networks.muster.ipv4_address;
  }
}
