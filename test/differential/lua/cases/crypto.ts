import { both, type LuaCase } from "../case.ts";

// Of keys made for these cases; what is signed is "sample".
const rsaKey =
  "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArpzrQ8cWu2IUx4VjFjILbwtClsVAUN3M+ypceMLwsd0kp0" +
  "xMJLJPXbXyhQRhfCxYYTpmjAnBGuObf4G7HoG5DY47lmx5s9DelIpQXxoHadSn1rNsQeoSa+sGVYvDgJuyB1QHtZYG" +
  "etSxQDsEqiAt0EqswFwLCu/7ky+6BTcMx19stieDzS23QRDzah9YIJc7apqPwN3nZyYARqGm0zh1qscmj8y1o5a5n8" +
  "BDaryEtqHuKrGTj2lOfOdswid3w/yMzN/tN+YgI+bJYpY5FQ8gSfn7ptgLsdE2WERukc/XA+L0EBkiIkPZRfz6H9L7" +
  "cTW2K5c2gtLC25IkWvh3mnIZvwIDAQAB";
const rsaSha256 =
  "U48TZDZfmivEmJIARTMfxA05V7KRW4RW/6G3pW2eVWddT7KHh+vLZSPNZCNXzXWCIPcShVCnkPQIvqcZDAYczzoO/d" +
  "UJ8O6t1976h5zhjA+hllRlxx5qtMONHpv9XS7K13NAx7ELBwa9RUSoak7zeXTbH+ZSMik5ov1dRJNVXQPqEiTareIJ" +
  "BOvcw+rB1c1DpqgOx7O/XIWg9WNpVKzZyCI9+pCnWDR1RuC5+Kgmez3iJzNe1wfnnX+ZCkVQ+6okStc1YiBj+L7+qx" +
  "+t8rHdFUo151Kt9Nozd8soWN3a+mLRgtZaEk+Nw8vHGoVQR+N5g5UllYvyJaCetCHAeI0xRg==";
const rsaSha1 =
  "p14GJ44m44Rh5UaV7tv5ENwuN6VV+tsF6BTd5SqQwsBUhAh/KZKrQ+OCG1whRqciBuBYQuQzwuZOd8QJKUod2oKeEG" +
  "sswz0YlnFiWs/6kjgMfYslmlx6CV5QnUlCBScQFIhSqCJBSi6O+ys9hmrglSvLdI2a+MEHwnOTrxNFNUAKoNhLavdN" +
  "1g8Ag6xbWrMrrYS6ocsq0fsCqL57HF8g45H9dbgsomF30xLT8SvYKecG0agCYt0rchiIRiUlvD1H4LWUqdfHmcY6Hy" +
  "3bB/FrYAuFma8ue6p4pZdPN9cdI1gOpfsRo2vGObOcVRGy79MASOXc5B3jAI+eihD6F6qiXg==";
const ecKey =
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5UZgUJvB2KN5QD6Os1Zgm0+Ad8doMFyKmyPeP9NXxzl0iJQmTh0Ip/" +
  "nlCJ/BMd0hzZIXGltmGwc0vD6j4ZAuMw==";
const ecSha256 =
  "MEQCIDtdVwMcMuzogKfOT+hXPxG6m0ro56EPp1JKJmpI9WgWAiBL4U7rDW7qTQ928jrinrtbFlbpG8LjRNP1+JumQb" +
  "yIJg==";

const verifies = (key: string, signature: string, calls: readonly string[]): string =>
  both(
    [
      `local key, signature = h:base64Decode("${key}"), h:base64Decode("${signature}")`,
      `local imported = h:importPublicKey(key, #key):get()`,
      `local function check(hash, signature, data)`,
      `  local ok, why = h:verifySignature(hash, imported, signature, #signature, data, #data)`,
      `  h:logInfo(tostring(ok) .. " " .. tostring(why))`,
      `end`,
      ...calls,
    ].join("\n"),
  );

/** Keys and signatures. */
export const cryptoCases: readonly LuaCase[] = [
  {
    name: "crypto-rsa",
    script: verifies(rsaKey, rsaSha256, [
      `check("sha256", signature, "sample")`,
      `check("SHA256", signature, "sample")`,
      `check("sha256", signature, "other")`,
      `check("sha256", "short", "sample")`,
      `check("sha512", signature, "sample")`,
      `check("md5", signature, "sample")`,
      `check("unknown", signature, "sample")`,
    ]),
  },
  {
    name: "crypto-rsa-sha1",
    script: verifies(rsaKey, rsaSha1, [`check("sha1", signature, "sample")`]),
  },
  {
    name: "crypto-ec",
    script: verifies(ecKey, ecSha256, [
      `check("sha256", signature, "sample")`,
      `check("sha256", signature, "other")`,
    ]),
  },
  {
    name: "crypto-imports",
    script: both(
      `local key = h:base64Decode("${ecKey}")
h:logInfo(tostring(h:importPublicKey("0000", 4):get()))
h:logInfo(tostring(h:importPublicKey(key, #key - 1):get()))
h:logInfo(select(2, pcall(function() h:verifySignature("sha256", key, "s", 1, "d", 1) end)))`,
    ),
  },
];
