"""Accounts: barter between two actors."""

from __future__ import annotations

from materiel.component import Component, Inlet, Parameter, Resource, auxiliary, component, level
from materiel.equations import Value, Values, maximum


@component
class Account(Component):
    """What one actor has delivered to another against what it has been paid, in value.

    Contracts that `charge` the account stop when the balance reaches the credit limit. Contracts that `settle` it are the basket of payment: each takes
    what is still owed, in the order of its priority (food before oil before kits before aircraft before cash, say), as far as its own stock and route allow.
    Aircraft and kits are continuous quantities here: half an aircraft is half a payment.
    """

    section = "accounts"
    scope = "case"
    example = """
    format: 1
    title: Shells for food, then for oil
    start: 2023-01-01
    end: 2023-12-31
    items: {shell: {unit: round}, food: {unit: t}, oil: {unit: t}}
    accounts: {barter: {credit_limit: {constant: 50 MUSD, because: for the example}}}
    actors:
      north:
        stockpiles:
          shell: {item: shell, initial: {constant: 1 Mround, because: for the example}}
          food: {item: food, initial: {constant: 0 t, because: for the example}}
          oil: {item: oil, initial: {constant: 0 t, because: for the example}}
        contracts:
          shells: {item: shell, quantity: {constant: 1 Mround, because: for the example}, first_day: {constant: 2023-02-01, because: for the example}, duration: {constant: 200 day, because: for the example}, to: south.shell, charges: barter, price: {base: 300 to 900 USD/round, because: for the example}}
      south:
        stockpiles: {shell: {item: shell, initial: {constant: 0 round, because: for the example}}}
        supplies:
          food: {item: food, rate: {constant: 3000 t/day, because: for the example}}
          oil: {item: oil, rate: {constant: 500 t/day, because: for the example}}
        contracts:
          food: {item: food, priority: 1, quantity: {constant: 900 kt, because: for the example}, first_day: {constant: 2023-01-01, because: for the example}, duration: {constant: 300 day, because: for the example}, to: north.food, settles: barter, price: {constant: 300 USD/t, because: for the example}}
          oil: {item: oil, priority: 2, quantity: {constant: 900 kt, because: for the example}, first_day: {constant: 2023-01-01, because: for the example}, duration: {constant: 300 day, because: for the example}, to: north.oil, settles: barter, price: {constant: 700 USD/t, because: for the example}}
    questions:
      owed: {text: Owed at the end of the year, value: accounts.barter.balance, at: 2023-12-29, fan: Owed for shells}
    """
    sources = (
        "Sterman, Business Dynamics (2000), ch. 6: accounts as stocks",
        "Marin and Schnitzer, Contracts in Trade and Transition (2002): barter as credit",
    )

    credit_limit = Parameter("USD", "C", "balance at which deliveries stop", at_least=0.0, lever=True, decided=True)
    advance = Parameter("USD", "a", "payment accepted before delivery", default=0.0, because="no payment in advance", at_least=0.0, lever=True, decided=True)

    deliveries = Inlet("USD", "D", "value delivered")
    payments = Inlet("USD", "P", "value paid")
    credit = Resource("USD", r"A^{\text{credit}}", "value that may still be delivered")
    debt = Resource("USD", r"A^{\text{debt}}", "value that may still be paid")
    balance = auxiliary("USD", "b", "owed at the start of the period; negative if paid in advance")
    delivered = level("USD", r"D^{\Sigma}", "value delivered so far", "", "holds", "deliveries")
    paid = level("USD", r"P^{\Sigma}", "value paid so far", "", "holds", "payments")

    @staticmethod
    def offer(credit_limit: Value, advance: Value, delivered: Value, paid: Value) -> Values:
        """Offer head-room on both sides."""
        balance = delivered - paid
        return {"balance": balance, "credit": maximum(credit_limit - balance, 0.0), "debt": maximum(balance + advance, 0.0)}

    @staticmethod
    def move(delivered: Value, paid: Value, deliveries_in: Value, payments_in: Value) -> Values:
        """Book both sides."""
        return {"delivered": delivered + deliveries_in, "paid": paid + payments_in}
