import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';

/** The values of `schema/plugin.json`. */
export interface SettingValues {
  service: boolean;
  lastRun: boolean;
  inspect: boolean;
}

const DEFAULTS: SettingValues = { service: true, lastRun: true, inspect: true };

/** The extension's settings; until they are loaded, or where there are none, the defaults. */
export class Settings {
  private _values: SettingValues = DEFAULTS;
  private readonly _changed = new Signal<this, SettingValues>(this);

  get values(): SettingValues {
    return this._values;
  }

  get changed(): ISignal<this, SettingValues> {
    return this._changed;
  }

  follow(registered: ISettingRegistry.ISettings): void {
    const take = (): void => {
      this._values = { ...DEFAULTS, ...(registered.composite as Partial<SettingValues>) };
      this._changed.emit(this._values);
    };
    registered.changed.connect(take);
    take();
  }
}
