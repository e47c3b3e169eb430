// Entry of the window: starts the worker and joins its parts. Each part is given the bridge, and owns its own subject.

import { Bridge } from "./bridge.mjs";
import { LateWorker } from "./start.mjs";
import { provideBluetooth } from "./bluetooth.mjs";
import { provideSound } from "./audio.mjs";
import { keepAwake } from "./awake.mjs";
import { showScreen } from "./screen.mjs";

const bridge = new Bridge(new LateWorker());
const bluetooth = provideBluetooth(bridge); // .choose(): the system's chooser, in a tap
const sound = provideSound(bridge); // .unlock(): browsers allow sound after a tap
const awake = keepAwake(bridge, sound);
showScreen(bridge, { bluetooth, sound, awake }); // buttons and what they call

export { awake, bluetooth, bridge, sound }; // for tests
