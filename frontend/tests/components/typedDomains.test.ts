import { expect, test } from "vitest";

import { domainIn, domainsOf, withDomains } from "@/components/typedDomains";

test.each([
  ["https://corp.test/about", "corp.test"],
  ["HTTPS://Corp.Test/", "corp.test"],
  ["http://corp.test:8080?x#y", "corp.test"],
  ["//corp.test/x", "corp.test"],
  ["corp.test/about", "corp.test"],
  ["corp.test:443", "corp.test"],
  ["https://corp.test.", "corp.test"],
  ["  https://例子.公司.cn/关于 ", "例子.公司.cn"],
])("%s holds a domain", (text, domain) => expect(domainIn(text)).toBe(domain));

test.each(["", "corp.test", " Corp.test ", "https://corp.test@elsewhere.test/", "mail@corp.test", "javascript:alert(1)", "https://10.0.0.1/", "http://0x7f.1/",
  "http://[::1]/", "https://localhost/", "two words.test/x", "https://a.test/x b.test", "https://%63orp.test/"])("%s holds none", (text) => expect(domainIn(text)).toBeNull());

test("lines keep their places", () => expect(withDomains("a.test\n\nhttps://b.test/x\nc d")).toBe("a.test\n\nb.test\nc d"));

test.each([
  ["https://www.shop.test/start?utm=1\nshop.test\r\nWWW.Shop.test", ["www.shop.test", "shop.test"]],
  ["a.test\tNorth\nb.test", ["a.test", "north", "b.test"]],
  ["a.test, b.test；c.test、d.test", ["a.test", "b.test", "c.test", "d.test"]],
  ["a.test b.test", ["a.test", "b.test"]],
  ["not a domain\nb.test", ["not a domain", "b.test"]],
  ["https://a.test/map?at=1,2", ["a.test"]],
  [" \n", []],
])("%j: each domain once, and what is none to be seen", (text, domains) => expect(domainsOf(text)).toEqual(domains));
