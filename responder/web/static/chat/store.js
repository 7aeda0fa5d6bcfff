// Storage that never throws: what the browser refuses to keep lives as long as the page.

export function openStore(prefix) {
  const memory = new Map();
  const disk = usableStorage(prefix);
  return {
    get(key) {
      return memory.get(key) ?? disk?.getItem(prefix + key) ?? null;
    },
    set(key, value) {
      try {
        if (!disk) throw new Error("no storage");
        disk.setItem(prefix + key, value);
        memory.delete(key);
      } catch {
        memory.set(key, value);
      }
    },
    remove(key) {
      memory.delete(key);
      disk?.removeItem(prefix + key);
    },
    keys() {
      const kept = disk ? Object.keys(disk).filter((key) => key.startsWith(prefix)) : [];
      return [...new Set([...memory.keys(), ...kept.map((key) => key.slice(prefix.length))])];
    },
  };
}

function usableStorage(prefix) {
  try {
    const storage = window.localStorage;
    storage.setItem(`${prefix}probe`, "1");
    storage.removeItem(`${prefix}probe`);
    return storage;
  } catch {
    return null;
  }
}
