import TollgateApp

await TollgateApp.main()
